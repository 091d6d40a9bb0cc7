import type { User } from '../storage/user-types.ts';
import type { Builder } from './builder.ts';
import type { CoreTypes } from './core-types.ts';
import { withErrors } from './descriptions.ts';
import { SELF_OR_ADMIN } from './guards.ts';
import { perRequest } from './per-request.ts';

export function defineLinkedAccounts(builder: Builder, { UserType }: CoreTypes): void {
  /** The users with this unionid, oldest first. */
  const usersOf = perRequest(async (unionIds: readonly string[], context) => {
    const users = await context.users.byUnionIds(unionIds);
    return unionIds.map((unionId) => users.filter((user) => user.unionId === unionId));
  });

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
        unionId === null ? [] : (await usersOf(unionId, context)).filter((other) => other.id !== id),
    }),
  );
}
