import type { Profile } from '../storage/user-types.ts';
import { hasUnsafeCharacters } from './arguments.ts';

export const MAX_TEXT_CHARS = 64;
export const MAX_URL_CHARS = 1024;

/** Each field of a profile that a client sends; absent, null and empty values included. */
export type ProfileFields = { [Field in keyof Profile]?: Profile[Field] | undefined };

/** Why a value cannot be stored. */
export type FieldFault =
  | 'TOO_LONG'
  /** Control characters, or half of a surrogate pair. */
  | 'UNSAFE_CHARACTERS'
  /** A local file of the phone, from wx.chooseAvatar or wx.chooseImage. */
  | 'TEMPORARY_FILE'
  | 'NOT_HTTPS'
  /** Not 0, 1 or 2. */
  | 'UNKNOWN_GENDER';

export function findTextFault(text: string, maxChars = MAX_TEXT_CHARS): FieldFault | null {
  if ([...text].length > maxChars) return 'TOO_LONG';
  return hasUnsafeCharacters(text) ? 'UNSAFE_CHARACTERS' : null;
}

const TEMPORARY_FILE = /^(https?:\/\/tmp\/|wxfile:|https?:\/\/usr\/)/;
const HTTPS_URL = /^https:\/\/[^\s@/]+(\/|$|\?|#)/i;

export function findUrlFault(url: string): FieldFault | null {
  const fault = findTextFault(url, MAX_URL_CHARS);
  if (fault) return fault;
  if (TEMPORARY_FILE.test(url)) return 'TEMPORARY_FILE';
  return URL.canParse(url) && HTTPS_URL.test(url) ? null : 'NOT_HTTPS';
}

export function findGenderFault(gender: number): FieldFault | null {
  return gender === 0 || gender === 1 || gender === 2 ? null : 'UNKNOWN_GENDER';
}

export function withoutUndefined(fields: ProfileFields): Profile {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
