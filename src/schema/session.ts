import type { User } from '../storage/users.ts';
import { builder, requireSession, requireViewer } from './builder.ts';
import { SELF, UserType } from './user.ts';

type Renewal = { token: string; expiresAt: Date; user: User };

const RenewTokenPayload = builder.objectRef<Renewal>('RenewTokenPayload').implement({
  description: 'A renewed token.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description:
        'A fresh JWT: send it as `Authorization: Bearer <token>`. The old one stays good until it ends.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description:
        'When the token ends. Where this is hardly later than before, the session is about to reach its greatest age: log in instead.',
    }),
    user: t.expose('user', { type: UserType, description: 'Whose token it is.', grantScopes: [SELF] }),
  }),
});

builder.mutationField('renewToken', (t) =>
  t.field({
    type: RenewTokenPayload,
    description:
      'A fresh token for one that is still good, without WeChat: until 30 days (or what the operator set) after the last login. Then, and after the token ended, UNAUTHENTICATED: log in.',
    authScopes: { signedIn: true },
    resolve: async (_root, _args, context) => {
      const { user, authTime } = await requireSession(context);
      return { ...(await context.tokens.issue(user, authTime)), user };
    },
  }),
);

builder.mutationField('logout', (t) =>
  t.boolean({
    description:
      'Ends every session of the viewer, on all devices: all tokens are void at once. True once that is so.',
    authScopes: { signedIn: true },
    resolve: async (_root, _args, context) => {
      const { id, tokenVersion } = await requireViewer(context);
      await context.users.revokeTokens(id, tokenVersion);
      return true;
    },
  }),
);
