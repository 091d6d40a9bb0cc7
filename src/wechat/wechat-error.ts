import { type Endpoint, errcodeMeaning, type WeChatErrorCode } from './errcodes.ts';

type Detail = {
  errcode?: number | undefined;
  rid?: string | undefined;
  retryAfter?: number | undefined;
  remedy?: string | undefined;
};

/** A failed call to WeChat. It holds no URL, code, secret or cause, so all of it may be logged. */
export class WeChatError extends Error {
  override readonly name = 'WeChatError';
  readonly code: WeChatErrorCode;
  readonly endpoint: Endpoint;
  /** The errcode that WeChat returned, if any. */
  readonly errcode: number | undefined;
  /** WeChat's request id, for its support. */
  readonly rid: string | undefined;
  /** Seconds until a retry makes sense. */
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

/** @param errmsg ends in `rid: …`, formerly `hints: [ req_id: … ]`; its text is not otherwise used */
export function errcodeError(endpoint: Endpoint, errcode: number, errmsg: string): WeChatError {
  const { code, retryAfter, remedy } = errcodeMeaning(endpoint, errcode);
  const rid = /rid: ?([\w-]{1,64})/.exec(errmsg)?.[1] ?? /req_id: ?([\w-]{1,64})/.exec(errmsg)?.[1];
  return new WeChatError(code, endpoint, `errcode ${errcode}`, { errcode, rid, retryAfter, remedy });
}

/** No response, or an invalid one. */
export function unavailableError(endpoint: Endpoint, reason: string, detail?: Detail): WeChatError {
  return new WeChatError('WECHAT_UNAVAILABLE', endpoint, reason, detail);
}

/** What is logged of a WeChatError beside its message. */
export function describeWeChatError({ code, endpoint, errcode, rid, remedy }: WeChatError) {
  return { wechat: { code, endpoint, errcode, rid, remedy } };
}
