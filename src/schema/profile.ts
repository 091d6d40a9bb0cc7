import { fail } from '../errors/codes.ts';
import type { Profile } from '../storage/users.ts';
import { builder, requireViewer } from './builder.ts';
import { SELF, UserType } from './user.ts';

const GENDER = '0 unknown, 1 male, 2 female.';

export const UserInfoInput = builder.inputType('UserInfoInput', {
  description:
    '`res.userInfo` of wx.getUserProfile as the phone sends it. It is what the client says, so it is for display only. Empty values and the placeholders that WeChat sends instead of a profile change nothing.',
  fields: (t) => ({
    nickName: t.string({ description: 'At most 64 characters.' }),
    avatarUrl: t.string({ description: 'An https URL of at most 1024 characters.' }),
    gender: t.int({ description: GENDER }),
    country: t.string({ description: 'At most 64 characters.' }),
    province: t.string({ description: 'At most 64 characters.' }),
    city: t.string({ description: 'At most 64 characters.' }),
    language: t.string({ description: 'At most 64 characters.' }),
    is_demote: t.field({
      type: 'LenientBoolean',
      description: 'WeChat sets it on placeholders: then the other fields are not looked at.',
    }),
  }),
});

const ProfileInput = builder.inputType('ProfileInput', {
  description: 'A change of the profile: an absent or empty field stays as it is, null erases it.',
  fields: (t) => ({
    nickName: t.string({ description: 'At most 64 characters.' }),
    avatarUrl: t.string({
      description:
        'An https URL of at most 1024 characters; what chooseAvatar gives is a file on the phone and must be uploaded first.',
    }),
    gender: t.int({ description: GENDER }),
    country: t.string({ description: 'At most 64 characters.' }),
    province: t.string({ description: 'At most 64 characters.' }),
    city: t.string({ description: 'At most 64 characters.' }),
    language: t.string({ description: 'At most 64 characters.' }),
  }),
});

builder.mutationField('updateProfile', (t) =>
  t.field({
    type: UserType,
    description: "Changes the viewer's profile.",
    nullable: true,
    args: { profile: t.arg({ type: ProfileInput, required: true, description: 'What to change.' }) },
    authScopes: { signedIn: true },
    grantScopes: [SELF],
    resolve: async (_root, { profile }, context) => {
      const { id } = await requireViewer(context);
      const user = await context.users.updateProfile(id, readProfile(profile, 'profile'));
      if (!user) throw fail('UNAUTHENTICATED', 'The user no longer exists. Log in again.');
      return user;
    },
  }),
);

type Given = { [Field in keyof Profile]?: Profile[Field] | undefined };

/** The profile that is worth keeping of a userInfo: without nulls, empty values and placeholders. */
export function readUserInfo({
  is_demote,
  ...given
}: Given & { is_demote?: boolean | null | undefined }): Profile {
  const profile = readProfile(given, 'userInfo');
  if (is_demote) return {};
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== null && value !== 0));
}

/**
 * Checks a profile before anything is done with it.
 * @throws BAD_USER_INPUT naming the field
 */
function readProfile(given: Given, name: string): Profile {
  const { nickName, avatarUrl, gender, country, province, city, language } = given;
  const at = (field: string) => `${name}.${field}`;
  return withoutUndefined({
    nickName: nickName === PLACEHOLDER_NAME ? undefined : text(nickName, 64, at('nickName')),
    avatarUrl: avatarUrl?.includes(PLACEHOLDER_AVATAR) ? undefined : httpsUrl(avatarUrl, at('avatarUrl')),
    gender: oneOfGenders(gender, at('gender')),
    country: text(country, 64, at('country')),
    province: text(province, 64, at('province')),
    city: text(city, 64, at('city')),
    language: text(language, 64, at('language')),
  });
}

/**
 * What wx.getUserProfile answers instead of a profile since November 2022.
 * Source: https://developers.weixin.qq.com/community/develop/doc/00022c683e8a80b29bed2142b56c01
 */
const PLACEHOLDER_NAME = '微信用户';
const PLACEHOLDER_AVATAR =
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';

/** Undefined for an absent or empty text, null for null. */
function text(value: string | null | undefined, max: number, name: string): string | null | undefined {
  if (value === null || value === undefined) return value;
  if ([...value].length > max)
    throw fail('BAD_USER_INPUT', `${name} is too long: at most ${max} characters.`);
  if (/\p{Cc}/u.test(value) || !value.isWellFormed())
    throw fail('BAD_USER_INPUT', `${name} has control characters or half an emoji: take them out.`);
  return value.trim() === '' ? undefined : value;
}

function httpsUrl(value: string | null | undefined, name: string): string | null | undefined {
  const url = text(value, 1024, name);
  if (url && /^(https?:\/\/tmp\/|wxfile:|https?:\/\/usr\/)/.test(url))
    throw fail(
      'BAD_USER_INPUT',
      `${name} is a temporary file on the phone: upload it and send the https URL of the upload.`,
    );
  if (url && !(URL.canParse(url) && /^https:\/\/[^\s@/]+(\/|$|\?|#)/i.test(url)))
    throw fail('BAD_USER_INPUT', `${name} is not an https URL.`);
  return url;
}

function oneOfGenders(value: number | null | undefined, name: string): number | null | undefined {
  if (value === null || value === undefined || value === 0 || value === 1 || value === 2) return value;
  throw fail('BAD_USER_INPUT', `${name} is ${value}: it must be ${GENDER}`);
}

function withoutUndefined(given: Given): Profile {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
