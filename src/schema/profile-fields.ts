import { clientError } from '../errors/client-error.ts';
import type { Profile } from '../storage/user-types.ts';
import { hasUnsafeCharacters } from './arguments.ts';

const MAX_TEXT_CHARS = 64;
const MAX_URL_CHARS = 1024;

/** Descriptions of the profile fields of inputs. */
export const FIELD_LIMITS = {
  text: `At most ${MAX_TEXT_CHARS} characters.`,
  url: `An https URL of at most ${MAX_URL_CHARS} characters.`,
  gender: '0 (unknown), 1 (male) or 2 (female).',
} as const;

export type ProfileFields = { [Field in keyof Profile]?: Profile[Field] | undefined };

/**
 * Validates the fields of a profile. Placeholders count as absent.
 * @param argument the name of the argument, for messages
 * @throws BAD_USER_INPUT naming the field
 */
export function parseProfile(fields: ProfileFields, argument: string): Profile {
  const { nickName, avatarUrl, gender, country, province, city, language } = fields;
  const nameOf = (field: string) => `${argument}.${field}`;
  return withoutUndefined({
    nickName: nickName === PLACEHOLDER_NAME ? undefined : parseText(nickName, nameOf('nickName')),
    avatarUrl: avatarUrl?.includes(PLACEHOLDER_AVATAR) ? undefined : parseUrl(avatarUrl, nameOf('avatarUrl')),
    gender: parseGender(gender, nameOf('gender')),
    country: parseText(country, nameOf('country')),
    province: parseText(province, nameOf('province')),
    city: parseText(city, nameOf('city')),
    language: parseText(language, nameOf('language')),
  });
}

/**
 * What wx.getUserProfile returns instead of a profile since November 2022.
 * Source: https://developers.weixin.qq.com/community/develop/doc/00022c683e8a80b29bed2142b56c01
 */
const PLACEHOLDER_NAME = '微信用户';
const PLACEHOLDER_AVATAR =
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';

/** Undefined if absent or empty, null if null. */
function parseText(
  value: string | null | undefined,
  name: string,
  maxChars = MAX_TEXT_CHARS,
): string | null | undefined {
  if (value === null || value === undefined) return value;
  if ([...value].length > maxChars)
    throw clientError('BAD_USER_INPUT', `${name} is too long: at most ${maxChars} characters.`);
  if (hasUnsafeCharacters(value))
    throw clientError(
      'BAD_USER_INPUT',
      `${name} has control characters or half of a surrogate pair: remove them.`,
    );
  return value.trim() === '' ? undefined : value;
}

/** wx.chooseAvatar and wx.chooseImage return these: local files of the phone. */
const TEMPORARY_FILE = /^(https?:\/\/tmp\/|wxfile:|https?:\/\/usr\/)/;
const HTTPS_URL = /^https:\/\/[^\s@/]+(\/|$|\?|#)/i;

function parseUrl(value: string | null | undefined, name: string): string | null | undefined {
  const url = parseText(value, name, MAX_URL_CHARS);
  if (url && TEMPORARY_FILE.test(url))
    throw clientError(
      'BAD_USER_INPUT',
      `${name} is a temporary file on the phone: upload it and send the https URL of the upload.`,
    );
  if (url && !(URL.canParse(url) && HTTPS_URL.test(url)))
    throw clientError('BAD_USER_INPUT', `${name} is not an https URL.`);
  return url;
}

function parseGender(value: number | null | undefined, name: string): number | null | undefined {
  if (value === null || value === undefined || value === 0 || value === 1 || value === 2) return value;
  throw clientError('BAD_USER_INPUT', `${name} is ${value}: it must be ${FIELD_LIMITS.gender}`);
}

function withoutUndefined(fields: ProfileFields): Profile {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
