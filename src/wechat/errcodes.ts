/** What an answer of WeChat means for the client; each is a code of `enum ErrorCode` too. */
export type WeChatErrorCode =
  | 'WECHAT_CODE_INVALID'
  | 'WECHAT_PHONE_CODE_INVALID'
  | 'WECHAT_SESSION_STALE'
  | 'WECHAT_USER_BLOCKED'
  | 'WECHAT_RATE_LIMITED'
  | 'WECHAT_UNAVAILABLE'
  | 'WECHAT_MISCONFIGURED';

/** The APIs that are called, by the last part of their path. */
export type Endpoint =
  | 'jscode2session'
  | 'stable_token'
  | 'getuserphonenumber'
  | 'checksession'
  | 'resetusersessionkey';

export type WeChatRefusal = {
  code: WeChatErrorCode;
  /** Seconds after which another try makes sense, where WeChat says so. */
  retryAfter?: number;
  /** What the operator should do: it is logged as an error with the errcode. */
  remedy?: string;
};

type Row = WeChatRefusal & {
  errcode: number;
  /** Where the errcode means this; everywhere, if absent. */
  at?: readonly Endpoint[];
};

const WITH_TOKEN: readonly Endpoint[] = ['getuserphonenumber', 'checksession', 'resetusersessionkey'];
const SESSION: readonly Endpoint[] = ['checksession', 'resetusersessionkey'];
const STALE_TOKEN =
  'an access_token was refused even after it was replaced: does another system call GET /cgi-bin/token, or force_refresh, for this AppID?';

/**
 * Every errcode that is known of these APIs.
 * Sources: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session and the pages
 * of the other APIs beside it; 40163 is on none of them but is what a used code answers.
 */
export const ERRCODES: readonly Row[] = [
  { errcode: -1, code: 'WECHAT_UNAVAILABLE' },
  { errcode: 40029, code: 'WECHAT_CODE_INVALID', at: ['jscode2session'] },
  { errcode: 40163, code: 'WECHAT_CODE_INVALID', at: ['jscode2session'] },
  { errcode: 40029, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 40163, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  /** There it is said of the code: another mini program made it. */
  { errcode: 40013, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 40003, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 87009, code: 'WECHAT_SESSION_STALE', at: SESSION },
  { errcode: 40226, code: 'WECHAT_USER_BLOCKED' },
  { errcode: 45011, code: 'WECHAT_RATE_LIMITED', retryAfter: 60 },
  {
    errcode: 45009,
    code: 'WECHAT_RATE_LIMITED',
    retryAfter: 3600,
    remedy: 'the daily quota is used up: raise it or clear it at mp.weixin.qq.com',
  },
  { errcode: 40001, code: 'WECHAT_UNAVAILABLE', at: WITH_TOKEN, remedy: STALE_TOKEN },
  { errcode: 40014, code: 'WECHAT_UNAVAILABLE', at: WITH_TOKEN, remedy: STALE_TOKEN },
  { errcode: 42001, code: 'WECHAT_UNAVAILABLE', at: WITH_TOKEN, remedy: STALE_TOKEN },
  { errcode: 40001, code: 'WECHAT_MISCONFIGURED', remedy: 'WECHAT_APP_SECRET is wrong or was reset' },
  {
    errcode: 40003,
    code: 'WECHAT_MISCONFIGURED',
    at: SESSION,
    remedy: 'the database holds openids of another mini program: does WECHAT_APP_ID fit DATABASE_URL?',
  },
  { errcode: 40013, code: 'WECHAT_MISCONFIGURED', remedy: 'WECHAT_APP_ID is not an AppID that WeChat knows' },
  {
    errcode: 40125,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'WECHAT_APP_SECRET is wrong or was reset at mp.weixin.qq.com',
  },
  {
    errcode: 40243,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'the AppSecret is frozen: unfreeze it at mp.weixin.qq.com',
  },
  {
    errcode: 40164,
    code: 'WECHAT_MISCONFIGURED',
    remedy: "put this server's address on the IP whitelist at mp.weixin.qq.com",
  },
  ...[89503, 89506, 89507].map(
    (errcode): Row => ({
      errcode,
      code: 'WECHAT_MISCONFIGURED',
      at: ['stable_token'],
      remedy: "the administrator has not confirmed, or has refused, this server's address",
    }),
  ),
  {
    errcode: 48001,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'this mini program may not use that API: is it verified?',
  },
  {
    errcode: 50002,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'the mini program is limited by WeChat: see mp.weixin.qq.com',
  },
  {
    errcode: 50004,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'this mini program may not ask for an access_token',
  },
  { errcode: 50007, code: 'WECHAT_MISCONFIGURED', remedy: 'the account of the mini program is frozen' },
  ...[
    { errcode: 40002, part: 'a wrong grant_type' },
    { errcode: 40097, part: 'wrong arguments' },
    { errcode: 41001, part: 'no access_token' },
    { errcode: 41002, part: 'no appid' },
    { errcode: 41004, part: 'no secret' },
    { errcode: 41008, part: 'no code' },
    { errcode: 43002, part: 'GET for POST' },
    { errcode: 47001, part: 'a body that is not JSON' },
  ].map(
    ({ errcode, part }): Row => ({
      errcode,
      code: 'WECHAT_MISCONFIGURED',
      remedy: `the request had ${part}: does a proxy between this server and WeChat change requests?`,
    }),
  ),
];

/** An errcode that nobody has described: a refusal, and not the client's fault. */
const UNKNOWN: WeChatRefusal = {
  code: 'WECHAT_UNAVAILABLE',
  remedy: 'look the errcode up in the documentation of WeChat',
};

/** What an errcode of this API means: the row for the API first, then the one for all. */
export function refusalOf(endpoint: Endpoint, errcode: number): WeChatRefusal {
  const rows = ERRCODES.filter((row) => row.errcode === errcode);
  return rows.find(({ at }) => at?.includes(endpoint)) ?? rows.find(({ at }) => !at) ?? UNKNOWN;
}

/** The access_token is no longer good: a new one may help, once. */
export function isStaleToken(errcode: number | undefined): boolean {
  return errcode === 40001 || errcode === 40014 || errcode === 42001;
}
