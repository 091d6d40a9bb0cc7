/** The server's error codes: the enum ErrorCode of its schema. docs/errors.md explains each. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'WECHAT_CODE_INVALID'
  | 'WECHAT_PHONE_CODE_INVALID'
  | 'WECHAT_SESSION_STALE'
  | 'PHONE_IN_USE'
  | 'WECHAT_USER_BLOCKED'
  | 'WECHAT_RATE_LIMITED'
  | 'WECHAT_UNAVAILABLE'
  | 'WECHAT_MISCONFIGURED'
  | 'USER_DISABLED'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'QUERY_TOO_COMPLEX'
  | 'PERSISTED_DOCUMENT_REQUIRED'
  | 'OPERATION_RESOLUTION_FAILURE'
  | 'BAD_REQUEST'
  | 'REQUEST_TIMEOUT'
  | 'REQUEST_ENTITY_TOO_LARGE'
  | 'NOT_FOUND';

/** The error codes of the server's modules, as keys: declare them by merging. */
export interface ModuleErrorCodes {}

/**
 * The client's own error codes. NETWORK: no response. BAD_ANSWER: the response is not GraphQL, such as the error page
 * of a gateway. UNKNOWN: the error of another server has no code.
 */
export type ClientErrorCode =
  | 'NETWORK'
  | 'BAD_ANSWER'
  | 'WX_LOGIN_FAILED'
  | 'LOGGED_OUT'
  | 'ABORTED'
  | 'UNKNOWN';

/**
 * What to do about an error: the enum ErrorAction of the server's schema. RELOGIN after UNAUTHENTICATED or
 * WECHAT_CODE_INVALID: the client has done so, once.
 */
export type ErrorAction = 'RELOGIN' | 'RETRY_LATER' | 'FIX_REQUEST' | 'STOP';

export interface GraphQLError {
  message: string;
  path?: readonly (string | number)[];
  extensions?: { code?: string; action?: string; retryAfter?: number; [name: string]: unknown };
}

/** The error of a failed request, login or logout. */
export class RequestError extends Error {
  /** A newer server can send a code that is not in this list. Decide by `action`, and give a switch a default. */
  declare readonly code: ErrorCode | keyof ModuleErrorCodes | ClientErrorCode;
  declare readonly action: ErrorAction;
  /** The error number and request id of WeChat, if WeChat rejected the request. */
  declare readonly wechat: { errcode: number; rid?: string } | undefined;
  /** The errno of the platform, such as 600001 of wx.request, if wx.request or wx.login failed and had one. */
  declare readonly errno: number | undefined;
  /** Seconds to wait before a retry. */
  declare readonly retryAfter: number | undefined;
  /** The id of the request in the log of the server; undefined if no request was sent. */
  declare readonly requestId: string | undefined;
  /** The errors of the GraphQL response; empty if there was none. */
  declare readonly errors: readonly GraphQLError[];
  /** The partial data of the GraphQL response. */
  declare readonly data: unknown;

  /** @param detail properties of the error; `code` defaults to UNKNOWN, `action` to STOP */
  constructor(message: string, detail: object) {
    super(message);
    Object.assign(this, { name: 'RequestError', code: 'UNKNOWN', action: 'STOP', errors: [] }, detail);
  }
}
