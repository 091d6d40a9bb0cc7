import type { EnumRef, InputRef } from '@pothos/core';
import type { Profile } from '../storage/user-types.ts';
import { isPlaceholder } from '../wechat/placeholders.ts';
import type { Builder, SchemaTypes, TypeRef } from './builder.ts';
import {
  type FieldFault,
  findGenderFault,
  findUrlFault,
  MAX_TEXT_CHARS,
  type ProfileFields,
  withoutUndefined,
} from './profile-fields.ts';

export type UserInfo = ProfileFields & { is_demote?: boolean | null | undefined };

const TEXT = `Control characters are removed; more than ${MAX_TEXT_CHARS} characters are cut off.`;

export function defineUserInfoInput(builder: Builder): InputRef<UserInfo> {
  return builder.inputType('UserInfoInput', {
    description:
      '`res.userInfo` of wx.getUserProfile, unchanged. It comes from the client unverified: for display only. It never makes a login fail: `ignoredFields` names what is not stored. Empty values and placeholders change nothing.',
    fields: (t) => ({
      nickName: t.string({ description: TEXT }),
      avatarUrl: t.string({ description: 'An https URL; http is changed to https for avatars of WeChat.' }),
      gender: t.int({ description: '0 (unknown), 1 (male) or 2 (female).' }),
      country: t.string({ description: TEXT }),
      province: t.string({ description: TEXT }),
      city: t.string({ description: TEXT }),
      language: t.string({ description: TEXT }),
      is_demote: t.field({
        type: 'LenientBoolean',
        description: 'WeChat sets it on placeholders: the other fields are then ignored.',
      }),
    }),
  });
}

const REASONS = {
  PLACEHOLDER: { description: 'WeChat returned a placeholder instead of the profile, or `is_demote`.' },
  TEMPORARY_FILE: {
    description: 'A temporary file on the phone: upload it, then send its URL to updateProfile.',
  },
  NOT_HTTPS: { description: 'Not an https URL.' },
  TOO_LONG: { description: 'A URL that is too long.' },
  INVALID: { description: 'A value of the wrong type or range.' },
} as const;

type IgnoredReason = keyof typeof REASONS;

export type IgnoredField = { field: keyof Profile; reason: IgnoredReason };

export function defineIgnoredField(builder: Builder): TypeRef<IgnoredField> {
  const IgnoredFieldReason: EnumRef<SchemaTypes, IgnoredReason> = builder.enumType('IgnoredFieldReason', {
    description: 'Why a field of a profile was not stored.',
    values: REASONS,
  });
  return builder.objectRef<IgnoredField>('IgnoredField').implement({
    description: 'A field of the profile that login did not store.',
    fields: (t) => ({
      field: t.exposeString('field', { description: 'Its name, such as `avatarUrl`.' }),
      reason: t.expose('reason', { type: IgnoredFieldReason, description: 'Why it was not stored.' }),
    }),
  });
}

export type CleanProfile = { profile: Profile; ignoredFields: readonly IgnoredField[] };

/** The fields to store. Values from rawData can have any type. */
export type UncheckedUserInfo = { [Field in keyof Profile]?: unknown } & { is_demote?: unknown };

/** Cleans a profile and leaves out what cannot be stored, so that it never makes a login fail. */
export function cleanUserInfo({ is_demote, ...fields }: UncheckedUserInfo): CleanProfile {
  const ignoredFields: IgnoredField[] = [];
  const isDemoted = is_demote === true || is_demote === 'true';

  function ignore(field: keyof Profile, reason: IgnoredReason): undefined {
    ignoredFields.push({ field, reason });
  }

  function readText(field: Exclude<keyof Profile, 'gender'>): string | undefined {
    const value = fields[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') return ignore(field, 'INVALID');
    const text = field === 'avatarUrl' ? toHttps(removeUnsafe(value)) : truncate(removeUnsafe(value));
    if (text === '') return undefined;
    if (field !== 'nickName' && field !== 'avatarUrl') return isDemoted ? undefined : text;
    if (isDemoted || isPlaceholder(field, text)) return ignore(field, 'PLACEHOLDER');
    const fault = field === 'avatarUrl' ? findUrlFault(text) : null;
    return fault ? ignore(field, toReason(fault)) : text;
  }

  function readGender(): number | undefined {
    const { gender } = fields;
    if (gender === undefined || gender === null || gender === 0 || isDemoted) return undefined;
    if (typeof gender !== 'number' || findGenderFault(gender)) return ignore('gender', 'INVALID');
    return gender;
  }

  const profile = withoutUndefined({
    nickName: readText('nickName'),
    avatarUrl: readText('avatarUrl'),
    gender: readGender(),
    country: readText('country'),
    province: readText('province'),
    city: readText('city'),
    language: readText('language'),
  });
  return { profile, ignoredFields };
}

function toReason(fault: FieldFault): IgnoredReason {
  return fault === 'TEMPORARY_FILE' || fault === 'NOT_HTTPS' || fault === 'TOO_LONG' ? fault : 'INVALID';
}

/** Without control characters and halves of surrogate pairs, which real nicknames have. */
function removeUnsafe(text: string): string {
  return text.replace(/\p{Cc}|\p{Cs}/gu, '').trim();
}

const graphemes = new Intl.Segmenter('zh', { granularity: 'grapheme' });

/** Cuts after a whole character, so that no joined emoji is split. */
function truncate(text: string): string {
  const characters = [...text];
  if (characters.length <= MAX_TEXT_CHARS) return text;
  const limit = characters.slice(0, MAX_TEXT_CHARS).join('').length;
  let end = 0;
  for (const { index, segment } of graphemes.segment(characters.slice(0, 2 * MAX_TEXT_CHARS).join(''))) {
    if (index + segment.length > limit) break;
    end = index + segment.length;
  }
  return text.slice(0, end || limit).trim();
}

/** Avatars of WeChat are also served over https. */
function toHttps(url: string): string {
  return url.replace(/^http:(?=\/\/([\w-]+\.)*qlogo\.cn\/)/i, 'https:');
}
