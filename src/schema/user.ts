import type { User } from '../storage/users.ts';
import { builder, requireViewer } from './builder.ts';

/** Granted by a field that answers the viewer's own record. */
export const SELF = 'self';

/** For what a user may see of itself, and admins of everybody. */
export const private_ = { $granted: SELF, role: 'ADMIN' } as const;

const UserRole = builder.enumType('UserRole', {
  description: 'What a user may do.',
  values: {
    USER: { description: 'Reads and changes its own record.' },
    ADMIN: { description: 'Looks after all users.' },
  },
});

export const UserType = builder.objectRef<User>('User').implement({
  description: 'A person in one mini program.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Our own id of the user, a UUIDv7. It never changes.' }),
    openId: t.exposeString('openId', {
      description: "WeChat's id of the person in this mini program. For the user itself and admins.",
      nullable: true,
      authScopes: private_,
    }),
    unionId: t.exposeString('unionId', {
      description:
        "WeChat's id of the person in all apps of one Open Platform account; null while WeChat has not told it. For the user itself and admins.",
      nullable: true,
      authScopes: private_,
    }),
    nickName: t.exposeString('nickName', {
      description: 'The name that the person chose; null if none.',
      nullable: true,
    }),
    avatarUrl: t.exposeString('avatarUrl', {
      description: 'An https URL of the picture; null if none.',
      nullable: true,
    }),
    gender: t.exposeInt('gender', { description: '1 male, 2 female, 0 or null unknown.', nullable: true }),
    country: t.exposeString('country', { description: 'The country of the WeChat profile.', nullable: true }),
    province: t.exposeString('province', {
      description: 'The province of the WeChat profile.',
      nullable: true,
    }),
    city: t.exposeString('city', { description: 'The city of the WeChat profile.', nullable: true }),
    language: t.exposeString('language', {
      description: 'The language of the WeChat profile, such as zh_CN.',
      nullable: true,
    }),
    phoneNumber: t.exposeString('phoneNumber', {
      description:
        'The phone number as E.164, such as +8613800000000; null if none. For the user itself and admins.',
      nullable: true,
      authScopes: private_,
    }),
    phoneCountryCode: t.exposeString('phoneCountryCode', {
      description: 'The country code of phoneNumber, such as 86. For the user itself and admins.',
      nullable: true,
      authScopes: private_,
    }),
    role: t.expose('role', { type: UserRole, description: 'What the user may do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user first logged in.' }),
    lastLoginAt: t.expose('lastLoginAt', { type: 'DateTime', description: 'When the user last logged in.' }),
  }),
});

builder.queryField('me', (t) =>
  t.field({
    type: UserType,
    description: 'The user of the token. UNAUTHENTICATED without a valid one.',
    nullable: true,
    authScopes: { signedIn: true },
    grantScopes: [SELF],
    resolve: (_root, _args, context) => requireViewer(context),
  }),
);
