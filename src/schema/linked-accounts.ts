import type { User } from '../storage/user-types.ts';
import type { Builder, TypeRef } from './builder.ts';
import { withErrors } from './descriptions.ts';
import { SELF_OR_ADMIN } from './guards.ts';

export function defineLinkedAccounts(builder: Builder, UserType: TypeRef<User>): void {
  const LinkedAccount = builder.objectRef<User>('LinkedAccount').implement({
    description: 'A user with the same unionId in another mini program of this server.',
    fields: (t) => ({
      id: t.exposeID('id', { description: '`User.id` in that mini program.' }),
      appId: t.exposeString('appId', { description: 'The AppID of that mini program.' }),
      createdAt: t.expose('createdAt', {
        type: 'DateTime',
        description: 'The time of the first login in that mini program.',
      }),
      lastLoginAt: t.expose('lastLoginAt', {
        type: 'DateTime',
        description: 'The time of the last login in that mini program.',
      }),
    }),
  });

  builder.objectField(UserType, 'linkedAccounts', (t) =>
    t.field({
      type: [LinkedAccount],
      description: withErrors(
        'The users with the same unionId in other mini programs, oldest first; empty if the unionId is unknown. For the user and admins only.',
        ['FORBIDDEN', 'SERVICE_UNAVAILABLE'],
      ),
      nullable: true,
      authScopes: SELF_OR_ADMIN,
      resolve: async ({ id, unionId }, _args, context) =>
        unionId === null ? [] : (await context.linkedUsers(unionId)).filter((other) => other.id !== id),
    }),
  );
}
