import type { User } from '../storage/users.ts';
import { builder } from './builder.ts';
import { private_, UserType } from './user.ts';

const LinkedAccount = builder.objectRef<User>('LinkedAccount').implement({
  description: 'The same person in another mini program of this server.',
  fields: (t) => ({
    id: t.exposeID('id', { description: '`User.id` of the person there.' }),
    appId: t.exposeString('appId', { description: 'The AppID of that mini program.' }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the person first logged in there.',
    }),
    lastLoginAt: t.expose('lastLoginAt', {
      type: 'DateTime',
      description: 'When the person last logged in there.',
    }),
  }),
});

builder.objectField(UserType, 'linkedAccounts', (t) =>
  t.field({
    type: [LinkedAccount],
    description:
      'The other users that are the same person by unionId, the oldest first; empty while WeChat has told no unionId. For the user itself and admins.',
    nullable: true,
    authScopes: private_,
    resolve: async ({ id, unionId }, _args, { users }) =>
      unionId === null ? [] : (await users.byUnionId(unionId)).filter((other) => other.id !== id),
  }),
);
