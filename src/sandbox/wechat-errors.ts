import type { SandboxResponse } from './serve.ts';
import type { State } from './state.ts';

/** WeChat's messages. Clients must read the errcode, not the text. */
const ERRMSG: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40066: 'invalid url',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist',
  40226: 'code blocked',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  42001: 'access_token expired',
  43002: 'require POST method',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit  mustslower  retry next minute',
  47001: 'data format error',
  87009: 'invalid signature',
};

/** An error in WeChat's format. */
export function errorResponse(state: State, errcode: number): SandboxResponse {
  return {
    body: { errcode, errmsg: `${ERRMSG[errcode] ?? 'error'}, rid: ${rid(state)}` },
  };
}

function rid({ random }: State): string {
  return random(12)
    .toString('hex')
    .replace(/^(.{8})(.{8})(.{8})$/, '$1-$2-$3');
}

/** What is wrong with the AppID and AppSecret of a request, if anything. */
export function credentialsErrcode(
  { apps, notWhitelisted }: State,
  appId: string,
  secret: string,
): number | undefined {
  const app = apps.find((candidate) => candidate.appId === appId);
  if (!app) return 40013;
  if (app.secret !== secret) return 40125;
  return notWhitelisted.has(appId) ? 40164 : undefined;
}
