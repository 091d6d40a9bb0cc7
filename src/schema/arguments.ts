import { clientError } from '../errors/client-error.ts';
import type { WeChatApp } from '../wechat/client.ts';

/**
 * The mini program of an AppID; the first one if it is absent.
 * @throws BAD_USER_INPUT
 */
export function readApp(
  apps: readonly [WeChatApp, ...WeChatApp[]],
  appId: string | null | undefined,
): WeChatApp {
  if (appId === null || appId === undefined) return apps[0];
  const app = apps.find((candidate) => candidate.appId === appId);
  if (app) return app;
  throw clientError(
    'BAD_USER_INPUT',
    'appId is unknown: omit it, or send the AppID of a mini program of this server.',
  );
}

const USER_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

export function isUserId(text: string): boolean {
  return USER_ID.test(text);
}

/** @throws BAD_USER_INPUT */
export function readUserId(id: string | number): string {
  if (isUserId(`${id}`)) return `${id}`;
  throw clientError('BAD_USER_INPUT', 'id is not a user id: send the UUID in `User.id`.');
}

const MAX_CODE_CHARS = 256;
/** Letters and digits, and some characters that future codes may contain. */
const CODE = /^[\w.:~=+-]+$/;

/** What is wrong with a code of WeChat, or null. A malformed code is rejected without a call to WeChat. */
export function findCodeFault(code: string): 'EMPTY' | 'TOO_LONG' | 'INVALID_CHARACTERS' | null {
  if (code === '') return 'EMPTY';
  if (code.length > MAX_CODE_CHARS) return 'TOO_LONG';
  return CODE.test(code) ? null : 'INVALID_CHARACTERS';
}

/** Whether text has control characters or half of a surrogate pair, which MySQL cannot store. */
export function hasUnsafeCharacters(text: string): boolean {
  return /\p{Cc}/u.test(text) || !text.isWellFormed();
}
