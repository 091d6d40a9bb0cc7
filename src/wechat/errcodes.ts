/** The error codes of failed calls to WeChat. Each is in the schema's enum ErrorCode. */
export type WeChatErrorCode =
  | 'WECHAT_CODE_INVALID'
  | 'WECHAT_PHONE_CODE_INVALID'
  | 'WECHAT_SESSION_STALE'
  | 'WECHAT_USER_BLOCKED'
  | 'WECHAT_RATE_LIMITED'
  | 'WECHAT_UNAVAILABLE'
  | 'WECHAT_MISCONFIGURED';

/** The WeChat APIs that are called, by the last segment of their path. */
export type Endpoint =
  | 'jscode2session'
  | 'stable_token'
  | 'getuserphonenumber'
  | 'checksession'
  | 'resetusersessionkey';

export type ErrcodeMeaning = {
  code: WeChatErrorCode;
  /** Seconds until a retry makes sense. */
  retryAfter?: number;
  /** What the operator should do. It is logged at level error. */
  remedy?: string;
};

type Row = ErrcodeMeaning & {
  errcode: number;
  /** The endpoints where the errcode means this; all if absent. */
  at?: readonly Endpoint[];
};

const WITH_TOKEN: readonly Endpoint[] = ['getuserphonenumber', 'checksession', 'resetusersessionkey'];
const SESSION: readonly Endpoint[] = ['checksession', 'resetusersessionkey'];
const STALE_TOKEN =
  'WeChat rejected an access_token even after it was replaced: does another system call stable_token with force_refresh for this AppID, or was the AppSecret reset?';

/**
 * The known errcodes of these APIs.
 * Sources: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session and the pages
 * of the other APIs. 40163 (code already used) is only on
 * https://developers.weixin.qq.com/doc/oplatform/developers/dev/errorcode/Return_code_descriptions_new
 */
export const ERRCODES: readonly Row[] = [
  { errcode: -1, code: 'WECHAT_UNAVAILABLE' },
  { errcode: 40029, code: 'WECHAT_CODE_INVALID', at: ['jscode2session'] },
  { errcode: 40163, code: 'WECHAT_CODE_INVALID', at: ['jscode2session'] },
  { errcode: 42003, code: 'WECHAT_CODE_INVALID', at: ['jscode2session'] },
  { errcode: 40029, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 40163, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 42003, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  /** Here 40013 means that the code belongs to another mini program. */
  { errcode: 40013, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 40003, code: 'WECHAT_PHONE_CODE_INVALID', at: ['getuserphonenumber'] },
  { errcode: 87009, code: 'WECHAT_SESSION_STALE', at: SESSION },
  { errcode: 40226, code: 'WECHAT_USER_BLOCKED' },
  { errcode: 45011, code: 'WECHAT_RATE_LIMITED', retryAfter: 60 },
  {
    errcode: 45009,
    code: 'WECHAT_RATE_LIMITED',
    retryAfter: 3600,
    remedy: 'the daily quota is exhausted: raise or reset it at mp.weixin.qq.com',
  },
  { errcode: 40001, code: 'WECHAT_UNAVAILABLE', at: WITH_TOKEN, remedy: STALE_TOKEN },
  { errcode: 40014, code: 'WECHAT_UNAVAILABLE', at: WITH_TOKEN, remedy: STALE_TOKEN },
  { errcode: 42001, code: 'WECHAT_UNAVAILABLE', at: WITH_TOKEN, remedy: STALE_TOKEN },
  { errcode: 40001, code: 'WECHAT_MISCONFIGURED', remedy: 'WECHAT_APP_SECRET is wrong or was reset' },
  {
    errcode: 40003,
    code: 'WECHAT_MISCONFIGURED',
    at: SESSION,
    remedy: 'the database holds openids of another mini program: check WECHAT_APP_ID and DATABASE_URL',
  },
  { errcode: 40013, code: 'WECHAT_MISCONFIGURED', remedy: 'WECHAT_APP_ID is unknown to WeChat' },
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
    remedy: "add this server's IP address to the whitelist (IP白名单) at mp.weixin.qq.com",
  },
  ...[89503, 89506, 89507].map(
    (errcode): Row => ({
      errcode,
      code: 'WECHAT_MISCONFIGURED',
      at: ['stable_token'],
      remedy: "the account administrator has not confirmed this server's IP address, or rejected it",
    }),
  ),
  {
    errcode: 48001,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'this mini program has no permission for that API: is it verified?',
  },
  {
    errcode: 50002,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'WeChat restricts this mini program: see mp.weixin.qq.com',
  },
  {
    errcode: 50004,
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'this mini program has no permission to get an access_token',
  },
  { errcode: 50007, code: 'WECHAT_MISCONFIGURED', remedy: 'the mini program account is frozen' },
  ...[
    { errcode: 40002, part: 'an invalid grant_type' },
    { errcode: 40097, part: 'invalid arguments' },
    { errcode: 41001, part: 'a missing access_token' },
    { errcode: 41002, part: 'a missing appid' },
    { errcode: 41004, part: 'a missing secret' },
    { errcode: 41008, part: 'a missing code' },
    { errcode: 43002, part: 'the wrong method' },
    { errcode: 47001, part: 'a body that is not JSON' },
  ].map(
    ({ errcode, part }): Row => ({
      errcode,
      code: 'WECHAT_MISCONFIGURED',
      remedy: `the request had ${part}: does a proxy between this server and WeChat change requests?`,
    }),
  ),
];

/** An undocumented errcode: not the fault of the client. */
const UNKNOWN: ErrcodeMeaning = {
  code: 'WECHAT_UNAVAILABLE',
  remedy: 'look up the errcode in the WeChat documentation',
};

/** Looks up an errcode: the row of the endpoint first, then the row for all. */
export function errcodeMeaning(endpoint: Endpoint, errcode: number): ErrcodeMeaning {
  const rows = ERRCODES.filter((row) => row.errcode === errcode);
  return rows.find(({ at }) => at?.includes(endpoint)) ?? rows.find(({ at }) => !at) ?? UNKNOWN;
}

/** Whether the access_token was rejected: retry once with a new one. */
export function isStaleTokenErrcode(errcode: number | undefined): boolean {
  return errcode === 40001 || errcode === 40014 || errcode === 42001;
}
