/** What a client should do about an error. */
export const ERROR_ACTIONS = {
  RELOGIN:
    'Call wx.login, then login with the new code, then resend the request: once, without asking the user.',
  RETRY_LATER: 'Wait `retryAfter` seconds (a few if absent), then retry; retry a login with a new code.',
  FIX_REQUEST: 'The request is invalid: do not resend it unchanged.',
  STOP: 'Retrying does not help: show a message.',
} as const;

export type ErrorAction = keyof typeof ERROR_ACTIONS;

export type ErrorCodeInfo = { action: ErrorAction; meaning: string };

export type ErrorTable = Readonly<Record<string, ErrorCodeInfo>>;

/** The error codes of the core. docs/errors.md is this table for people. */
export const ERROR_CODES = {
  UNAUTHENTICATED: {
    action: 'RELOGIN',
    meaning: 'The token is missing, malformed, expired, revoked, or not issued by this server.',
  },
  FORBIDDEN: { action: 'STOP', meaning: 'The viewer is signed in but lacks the required role.' },
  BAD_USER_INPUT: {
    action: 'FIX_REQUEST',
    meaning: 'An argument or variable is invalid; the message says which.',
  },
  RATE_LIMITED: {
    action: 'RETRY_LATER',
    meaning: 'Too many requests of this address, user or mini program.',
  },
  WECHAT_CODE_INVALID: {
    action: 'RELOGIN',
    meaning:
      'WeChat rejected the code: it is wrong, already used, older than 5 minutes, or from another mini program.',
  },
  WECHAT_PHONE_CODE_INVALID: {
    action: 'FIX_REQUEST',
    meaning:
      'WeChat rejected the getPhoneNumber code: it is wrong, already used, older than 5 minutes, or from another user. Ask the user to press the button again.',
  },
  WECHAT_SESSION_STALE: {
    action: 'RELOGIN',
    meaning: 'The data was encrypted or signed with a session_key other than that of the last login.',
  },
  PHONE_IN_USE: {
    action: 'STOP',
    meaning: 'The phone number belongs to another user of this mini program.',
  },
  WECHAT_USER_BLOCKED: { action: 'STOP', meaning: 'WeChat blocked this user as a security risk.' },
  WECHAT_RATE_LIMITED: {
    action: 'RETRY_LATER',
    meaning: 'The WeChat rate limit or quota of this user or mini program is exceeded.',
  },
  WECHAT_UNAVAILABLE: {
    action: 'RETRY_LATER',
    meaning: 'WeChat failed or timed out; treat the code as used.',
  },
  WECHAT_MISCONFIGURED: {
    action: 'STOP',
    meaning: 'WeChat rejected the configuration of this server; the operator finds the reason in the log.',
  },
  USER_DISABLED: { action: 'STOP', meaning: 'An administrator disabled the account.' },
  SERVICE_UNAVAILABLE: { action: 'RETRY_LATER', meaning: 'The database is unavailable or timed out.' },
  INTERNAL_SERVER_ERROR: {
    action: 'RETRY_LATER',
    meaning: 'A bug in this server; the operator finds it in the log by request id.',
  },
  GRAPHQL_PARSE_FAILED: { action: 'FIX_REQUEST', meaning: 'The query has a GraphQL syntax error.' },
  GRAPHQL_VALIDATION_FAILED: { action: 'FIX_REQUEST', meaning: 'The query does not match the schema.' },
  QUERY_TOO_COMPLEX: {
    action: 'FIX_REQUEST',
    meaning:
      'The query is too long, too deep, or has too many fields, aliases or directives; or the variables hold too many values.',
  },
  PERSISTED_DOCUMENT_REQUIRED: {
    action: 'FIX_REQUEST',
    meaning: 'This server accepts persisted documents only: send a known `documentId` and no `query`.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    action: 'FIX_REQUEST',
    meaning: '`operationName` is missing or matches no operation of the query.',
  },
  BAD_REQUEST: { action: 'FIX_REQUEST', meaning: 'The request is not valid GraphQL over HTTP.' },
  REQUEST_TIMEOUT: { action: 'RETRY_LATER', meaning: 'The request did not arrive completely in time.' },
  REQUEST_ENTITY_TOO_LARGE: { action: 'FIX_REQUEST', meaning: 'The request body is larger than 64 KB.' },
  NOT_FOUND: { action: 'FIX_REQUEST', meaning: 'No such path; the API is at /graphql.' },
} as const satisfies Record<string, ErrorCodeInfo>;

/** The error codes of modules, as keys: a module adds its own by declaration merging. */
export interface ModuleErrorCodes {}

export type CoreErrorCode = keyof typeof ERROR_CODES;

/** Every error code that a client can get. */
export type ErrorCode = CoreErrorCode | keyof ModuleErrorCodes;

export function isErrorCode(code: string): code is CoreErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
