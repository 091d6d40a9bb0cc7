import type { User } from '../storage/user-types.ts';
import type { Builder, SharedTypeRef, TypeRef } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { SIGNED_IN_ERRORS, withErrors } from './descriptions.ts';
import { requireSession, SELF } from './guards.ts';
import { defineUserPayload } from './user-payload.ts';

/** A new token and its user. */
export type IssuedSession = { token: string; expiresAt: Date; user: User };

export function defineSessionPayload(
  builder: Builder,
  UserType: TypeRef<User>,
): SharedTypeRef<IssuedSession> {
  return builder.interfaceRef<IssuedSession>('SessionPayload').implement({
    description: 'A new token and its user.',
    fields: (t) => ({
      token: t.exposeString('token', { description: 'A JWT: send it as `Authorization: Bearer <token>`.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'The time when the token expires.' }),
      user: t.expose('user', { type: UserType, description: 'The user of the token.', grantScopes: [SELF] }),
    }),
  });
}

export function defineSession(builder: Builder, { UserType, SessionPayload }: CoreTypes): void {
  const RenewTokenPayload = builder.objectRef<IssuedSession>('RenewTokenPayload').implement({
    description:
      'The renewed token. If `expiresAt` is hardly later than before, the session has reached its maximum age: log in instead.',
    interfaces: [SessionPayload],
  });

  builder.mutationField('renewToken', (t) =>
    t.field({
      type: RenewTokenPayload,
      description: withErrors(
        'Issues a new token for a valid one, without a call to WeChat. The old token stays valid until it expires. Possible until 30 days (SESSION_MAX_AGE) after the last login; log in after that.',
        SIGNED_IN_ERRORS,
      ),
      authScopes: { signedIn: true },
      resolve: async (_root, _args, context) => {
        const { user, authTime } = await requireSession(context);
        return { ...(await context.tokens.issue(user, authTime)), user };
      },
    }),
  );

  const LogoutPayload = defineUserPayload(
    builder,
    UserType,
    'LogoutPayload',
    'The user who was logged out on all devices.',
  );

  builder.mutationField('logout', (t) =>
    t.field({
      type: LogoutPayload,
      description: withErrors(
        'Revokes all tokens of the viewer, on all devices. They are invalid when this returns.',
        SIGNED_IN_ERRORS,
      ),
      authScopes: { signedIn: true },
      resolve: async (_root, _args, context) => {
        const { user } = await requireSession(context);
        await context.users.revokeTokens(user.id, user.tokenVersion);
        return { user };
      },
    }),
  );
}
