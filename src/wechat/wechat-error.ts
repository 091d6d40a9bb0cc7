import { type Endpoint, refusalOf, type WeChatErrorCode } from './errcodes.ts';

type Detail = {
  errcode?: number | undefined;
  rid?: string | undefined;
  retryAfter?: number | undefined;
  remedy?: string | undefined;
};

/** A refusal or a failure of WeChat. It holds no URL, no code, no secret and no cause, so it can be logged whole. */
export class WeChatError extends Error {
  override readonly name = 'WeChatError';
  readonly code: WeChatErrorCode;
  /** The API that was called. */
  readonly endpoint: Endpoint;
  /** WeChat's own number, where it answered with one. */
  readonly errcode: number | undefined;
  /** WeChat's name of the request, to give to its support. */
  readonly rid: string | undefined;
  /** Seconds until another try makes sense. */
  readonly retryAfter: number | undefined;
  /** What the operator should do. */
  readonly remedy: string | undefined;

  constructor(code: WeChatErrorCode, endpoint: Endpoint, reason: string, detail: Detail = {}) {
    super(`${endpoint}: ${reason}`);
    this.code = code;
    this.endpoint = endpoint;
    this.errcode = detail.errcode;
    this.rid = detail.rid;
    this.retryAfter = detail.retryAfter;
    this.remedy = detail.remedy;
  }
}

/** @param errmsg ends in `rid: …`, formerly `hints: [ req_id: … ]`; the rest of the text means nothing */
export function refused(endpoint: Endpoint, errcode: number, errmsg: string): WeChatError {
  const { code, retryAfter, remedy } = refusalOf(endpoint, errcode);
  const rid = /rid: ?([\w-]{1,64})/.exec(errmsg)?.[1] ?? /req_id: ?([\w-]{1,64})/.exec(errmsg)?.[1];
  return new WeChatError(code, endpoint, `errcode ${errcode}`, { errcode, rid, retryAfter, remedy });
}

/** No answer, or none of WeChat's own. */
export function unavailable(endpoint: Endpoint, reason: string, detail?: Detail): WeChatError {
  return new WeChatError('WECHAT_UNAVAILABLE', endpoint, reason, detail);
}
