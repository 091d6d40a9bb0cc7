import type { InputRef } from '@pothos/core';
import type { Profile } from '../storage/user-types.ts';
import type { Builder } from './builder.ts';
import { FIELD_LIMITS, type ProfileFields, parseProfile } from './profile-fields.ts';

export type UserInfo = ProfileFields & { is_demote?: boolean | null | undefined };

export function defineUserInfoInput(builder: Builder): InputRef<UserInfo> {
  return builder.inputType('UserInfoInput', {
    description:
      '`res.userInfo` of wx.getUserProfile, unchanged. It comes from the client unverified: for display only. Empty values and the placeholders that WeChat returns instead of a profile change nothing.',
    fields: (t) => ({
      nickName: t.string({ description: FIELD_LIMITS.text }),
      avatarUrl: t.string({ description: FIELD_LIMITS.url }),
      gender: t.int({ description: FIELD_LIMITS.gender }),
      country: t.string({ description: FIELD_LIMITS.text }),
      province: t.string({ description: FIELD_LIMITS.text }),
      city: t.string({ description: FIELD_LIMITS.text }),
      language: t.string({ description: FIELD_LIMITS.text }),
      is_demote: t.field({
        type: 'LenientBoolean',
        description: 'WeChat sets it on placeholders: the other fields are then ignored.',
      }),
    }),
  });
}

/**
 * The fields to store: without nulls, empty values and placeholders.
 * @throws BAD_USER_INPUT
 */
export function readUserInfo({ is_demote, ...fields }: UserInfo): Profile {
  const profile = parseProfile(fields, 'userInfo');
  if (is_demote) return {};
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== null && value !== 0));
}
