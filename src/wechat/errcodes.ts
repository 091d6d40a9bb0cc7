/** What an answer of WeChat means for the client; each is a code of `enum ErrorCode` too. */
export type WeChatErrorCode =
  | 'WECHAT_CODE_INVALID'
  | 'WECHAT_USER_BLOCKED'
  | 'WECHAT_RATE_LIMITED'
  | 'WECHAT_UNAVAILABLE'
  | 'WECHAT_MISCONFIGURED';

export type WeChatRefusal = {
  code: WeChatErrorCode;
  /** Seconds after which another try makes sense, where WeChat says so. */
  retryAfter?: number;
  /** What the operator should do; logged with the errcode. */
  remedy?: string;
};

/**
 * The errcodes of jscode2session.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session; 40163 is not
 * on that list but is what a used code answers.
 */
const REFUSALS: Readonly<Record<number, WeChatRefusal>> = {
  [-1]: { code: 'WECHAT_UNAVAILABLE' },
  40029: { code: 'WECHAT_CODE_INVALID' },
  40163: { code: 'WECHAT_CODE_INVALID' },
  40226: { code: 'WECHAT_USER_BLOCKED' },
  45011: { code: 'WECHAT_RATE_LIMITED', retryAfter: 60 },
  45009: {
    code: 'WECHAT_RATE_LIMITED',
    retryAfter: 3600,
    remedy: 'the daily quota is used up: raise it or clear it at mp.weixin.qq.com',
  },
  40013: { code: 'WECHAT_MISCONFIGURED', remedy: 'WECHAT_APP_ID is not an AppID that WeChat knows' },
  40125: {
    code: 'WECHAT_MISCONFIGURED',
    remedy: 'WECHAT_APP_SECRET is wrong or was reset at mp.weixin.qq.com',
  },
  40164: {
    code: 'WECHAT_MISCONFIGURED',
    remedy: "put this server's address on the IP whitelist at mp.weixin.qq.com",
  },
  41002: { code: 'WECHAT_MISCONFIGURED', remedy: 'the request had no appid' },
  41004: { code: 'WECHAT_MISCONFIGURED', remedy: 'the request had no secret' },
  41008: { code: 'WECHAT_MISCONFIGURED', remedy: 'the request had no js_code' },
};

/** An errcode that nobody has described: a refusal, and not the client's fault. */
const UNKNOWN: WeChatRefusal = {
  code: 'WECHAT_UNAVAILABLE',
  remedy: 'look the errcode up in the documentation of WeChat',
};

export const refusalOf = (errcode: number): WeChatRefusal => REFUSALS[errcode] ?? UNKNOWN;

export const LISTED_ERRCODES: readonly number[] = Object.keys(REFUSALS).map(Number);
