import type { User } from '../storage/user-types.ts';
import type { Builder, TypeRef } from './builder.ts';
import { SELF } from './guards.ts';

export type UserPayload = { user: User };

/** Defines a mutation payload that holds the changed user; its own type, so that it can gain fields. */
export function defineUserPayload(
  builder: Builder,
  UserType: TypeRef<User>,
  name: string,
  description: string,
): TypeRef<UserPayload> {
  return builder.objectRef<UserPayload>(name).implement({
    description,
    fields: (t) => ({
      user: t.expose('user', {
        type: UserType,
        description: 'The user that the mutation is about.',
        grantScopes: [SELF],
      }),
    }),
  });
}
