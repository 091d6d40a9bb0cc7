import type { EnumRef } from '@pothos/core';
import type { Role, User } from '../storage/user-types.ts';
import type { Builder, SchemaTypes, TypeRef } from './builder.ts';
import { SIGNED_IN_ERRORS, withErrors } from './descriptions.ts';
import { requireViewer, SELF, SELF_OR_ADMIN } from './guards.ts';
import type { RoleTable } from './roles.ts';

export function defineUser(
  builder: Builder,
  roles: RoleTable,
): { UserType: TypeRef<User>; UserRole: EnumRef<SchemaTypes, Role> } {
  const UserRole = builder.enumType('UserRole', {
    description: 'The permissions of a user.',
    values: roles,
  });

  const UserType = builder.objectRef<User>('User').implement({
    description: 'A user of one mini program.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'Our own id of the user, a UUIDv7. It never changes.' }),
      appId: t.exposeString('appId', { description: 'The AppID of the mini program.' }),
      openId: t.exposeString('openId', {
        description: withErrors(
          'The id that WeChat gives the user in this mini program. For the user and admins only.',
          ['FORBIDDEN'],
        ),
        nullable: true,
        authScopes: SELF_OR_ADMIN,
      }),
      unionId: t.exposeString('unionId', {
        description: withErrors(
          'The id that WeChat gives the user in all apps of one Open Platform account; null until WeChat has returned it. For the user and admins only.',
          ['FORBIDDEN'],
        ),
        nullable: true,
        authScopes: SELF_OR_ADMIN,
      }),
      nickName: t.exposeString('nickName', { description: 'The nickname; null if none.', nullable: true }),
      avatarUrl: t.exposeString('avatarUrl', {
        description: 'The https URL of the picture; null if none.',
        nullable: true,
      }),
      gender: t.exposeInt('gender', { description: '1 male, 2 female, 0 or null unknown.', nullable: true }),
      country: t.exposeString('country', {
        description: 'The country in the WeChat profile.',
        nullable: true,
      }),
      province: t.exposeString('province', {
        description: 'The province in the WeChat profile.',
        nullable: true,
      }),
      city: t.exposeString('city', { description: 'The city in the WeChat profile.', nullable: true }),
      language: t.exposeString('language', {
        description: 'The language in the WeChat profile, such as zh_CN.',
        nullable: true,
      }),
      phoneNumber: t.exposeString('phoneNumber', {
        description: withErrors(
          'The phone number in E.164 format, such as +8613800000000; null if none. For the user and admins only.',
          ['FORBIDDEN'],
        ),
        nullable: true,
        authScopes: SELF_OR_ADMIN,
      }),
      phoneCountryCode: t.exposeString('phoneCountryCode', {
        description: withErrors(
          'The country code of phoneNumber, such as 86. For the user and admins only.',
          ['FORBIDDEN'],
        ),
        nullable: true,
        authScopes: SELF_OR_ADMIN,
      }),
      role: t.expose('role', { type: UserRole, description: 'The permissions of the user.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'The time of the first login.' }),
      lastLoginAt: t.expose('lastLoginAt', { type: 'DateTime', description: 'The time of the last login.' }),
      disabledAt: t.expose('disabledAt', {
        type: 'DateTime',
        description: withErrors(
          'The time when an admin disabled the user; null if enabled. For admins only.',
          ['FORBIDDEN'],
        ),
        nullable: true,
        authScopes: { role: 'ADMIN' },
      }),
    }),
  });

  builder.queryField('me', (t) =>
    t.field({
      type: UserType,
      description: withErrors('The user of the token.', SIGNED_IN_ERRORS),
      nullable: true,
      authScopes: { signedIn: true },
      grantScopes: [SELF],
      resolve: (_root, _args, context) => requireViewer(context),
    }),
  );

  return { UserType, UserRole };
}
