import { randomBytes } from 'node:crypto';

/** Secrets of the tests: whatever the product prints, logs or answers must not hold them. */
export const APP_SECRET = 'canaryappsecret4d5e6f708192a3b4c5';
export const JWT_SECRET = 'canary-jwt-QkVFRjAxMjM0NTY3ODlhYmNkZWZnaGlqa2xtbm9w';
export const OLD_JWT_SECRET = 'canary-old-QkVFRjk4NzY1NDMyMTBmZWRjYmFwb25tbGtqaWhn';
/** Made for these tests; it signs nothing else. */
export const JWT_PRIVATE_KEY_TEXT = 'MC4CAQAwBQYDK2VwBCIEICGGlbT54C2aFFIp5TkVUuKpDyjHrTqYk77yEHKOE2j8';
export const JWT_PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----\n${JWT_PRIVATE_KEY_TEXT}\n-----END PRIVATE KEY-----\n`;
export const SESSION_KEY_SECRET = 'canary-sks-R0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlq';
export const DATABASE_PASSWORD = 'canary-db-7f6e5d4c3b2a';
export const REDIS_PASSWORD = 'canary-redis-1a2b3c4d5e6f';

export const PUSH_TOKEN = 'canarypushtoken9f8e7d';
export const PUSH_AES_KEY = 'canaryaeskeyABCDEFGHIJKLMNOPQRSTUVWXYZ01234';

/** Phone numbers of the tests begin so: they are answered to their owner and printed nowhere. */
export const PHONE_MARK = '1990042';

/** A phone number of the tests. Seven digits alone are met by chance in request ids and durations. */
const PHONE_NUMBER = new RegExp(
  String.raw`(?<![\da-f.-])(?:%2B)?(?:86|852)?${PHONE_MARK}\d{1,4}(?![\da-f-])`,
  'i',
);

/** Bytes for the sandbox that make its session_keys and its codes recognisable. */
export function canaryBytes(length: number): Buffer {
  const mark = { 16: 'CANARYsk', 24: 'CANARYcode', 384: 'CANARYaccesstoken' }[length] ?? '';
  return Buffer.concat([Buffer.from(mark), randomBytes(length - mark.length)]);
}

const SESSION_KEY_MARK = 'Q0FOQVJZc2';
const CODE_MARK = 'Q0FOQVJZY29kZ';
const ACCESS_TOKEN_MARK = Buffer.from('CANARYaccesstok').toString('base64url');
const TOKEN_MARK = 'eyJhbGciOi';

/** What an answer may never hold. A token may be in the answer to login, a code nowhere. */
export const ANSWER_CANARIES: readonly (string | RegExp)[] = [
  APP_SECRET,
  JWT_SECRET,
  OLD_JWT_SECRET,
  JWT_PRIVATE_KEY_TEXT.slice(22),
  SESSION_KEY_SECRET,
  DATABASE_PASSWORD,
  REDIS_PASSWORD,
  PUSH_TOKEN,
  PUSH_AES_KEY,
  SESSION_KEY_MARK,
  CODE_MARK,
  ACCESS_TOKEN_MARK,
];

/** What no output may hold. */
export const OUTPUT_CANARIES: readonly (string | RegExp)[] = [...ANSWER_CANARIES, TOKEN_MARK, PHONE_NUMBER];

/** The canaries that a text holds, without telling them again. */
export function canariesIn(text: string, canaries = OUTPUT_CANARIES): string[] {
  return canaries
    .filter((canary) => (typeof canary === 'string' ? text.includes(canary) : canary.test(text)))
    .map((canary) => (typeof canary === 'string' ? `${canary.slice(0, 6)}…` : 'a phone number'));
}
