import { GraphQLError } from 'graphql';
import type { Log } from '../ops/log.ts';
import { StorageError } from '../storage/storage-error.ts';
import { WeChatError } from '../wechat/wechat-error.ts';

/** What a client should do about an error. */
export const ERROR_ACTIONS = {
  RELOGIN: 'Call wx.login for a new code, then login, then send the request again: once, silently.',
  RETRY_LATER:
    'Wait `retryAfter` seconds, or a few where it is absent, then try again (login: with a new code).',
  FIX_REQUEST: 'The request is wrong and stays wrong: change it.',
  STOP: 'Nothing that the mini program can do helps: show a message.',
} as const;

export type ErrorAction = keyof typeof ERROR_ACTIONS;

/** Every code that a client can meet: what to do, and what it means. docs/errors.md is this table for people. */
export const ERROR_CODES = {
  UNAUTHENTICATED: ['RELOGIN', 'The token is missing, malformed, expired, revoked or not ours.'],
  FORBIDDEN: ['STOP', 'The viewer is signed in but may not do this.'],
  BAD_USER_INPUT: [
    'FIX_REQUEST',
    'An argument or a variable has a value that is not taken; the message names it.',
  ],
  RATE_LIMITED: ['RETRY_LATER', 'This client asked too often.'],
  WECHAT_CODE_INVALID: [
    'RELOGIN',
    'WeChat knows no such code: it is wrong, used, older than 5 minutes, or of another mini program.',
  ],
  WECHAT_PHONE_CODE_INVALID: [
    'FIX_REQUEST',
    'WeChat knows no such code of getPhoneNumber for this user: it is wrong, used or older than 5 minutes. Let the person press the button again.',
  ],
  WECHAT_SESSION_STALE: [
    'RELOGIN',
    'The data was encrypted or signed with another session_key than that of the last login.',
  ],
  PHONE_IN_USE: ['STOP', 'The phone number belongs to another user of this mini program.'],
  WECHAT_USER_BLOCKED: ['STOP', 'WeChat refuses this user as a security risk.'],
  WECHAT_RATE_LIMITED: ['RETRY_LATER', 'WeChat says that this user or this mini program asked too often.'],
  WECHAT_UNAVAILABLE: [
    'RETRY_LATER',
    'WeChat failed or did not answer in time; the code must be taken as used.',
  ],
  WECHAT_MISCONFIGURED: [
    'STOP',
    "WeChat refuses this server's own configuration; its operator finds out more in the log.",
  ],
  USER_DISABLED: ['STOP', 'The account was disabled by an administrator.'],
  SERVICE_UNAVAILABLE: ['RETRY_LATER', 'The database of this server did not answer in time.'],
  INTERNAL_SERVER_ERROR: [
    'RETRY_LATER',
    'A fault of this server; its operator finds it in the log by the request id.',
  ],
  GRAPHQL_PARSE_FAILED: ['FIX_REQUEST', 'The query is not GraphQL.'],
  GRAPHQL_VALIDATION_FAILED: ['FIX_REQUEST', 'The query does not fit the schema.'],
  QUERY_TOO_COMPLEX: [
    'FIX_REQUEST',
    'The query is too long, too deep, or has too many fields, aliases or directives.',
  ],
  PERSISTED_DOCUMENT_REQUIRED: [
    'FIX_REQUEST',
    'This server takes documents of its list only, by `documentId`, and this is none.',
  ],
  OPERATION_RESOLUTION_FAILURE: ['FIX_REQUEST', '`operationName` names none of the operations of the query.'],
  BAD_REQUEST: ['FIX_REQUEST', 'The HTTP request is not GraphQL over HTTP.'],
  REQUEST_TIMEOUT: ['RETRY_LATER', 'The request did not arrive whole in time.'],
  REQUEST_ENTITY_TOO_LARGE: ['FIX_REQUEST', 'The body of the request is longer than 64 KB.'],
  NOT_FOUND: ['FIX_REQUEST', 'There is nothing at this path; the API is at /graphql.'],
} as const satisfies Record<string, readonly [ErrorAction, string]>;

export type ErrorCode = keyof typeof ERROR_CODES;

type Detail = {
  retryAfter?: number | undefined;
  wechat?: { errcode: number; rid?: string | undefined } | undefined;
};

/** An error for the client: `extensions` hold code, action and what else is known. */
export function fail(code: ErrorCode, message: string, { retryAfter, wechat }: Detail = {}): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code,
      action: ERROR_CODES[code][0],
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(wechat === undefined ? {} : { wechat }),
    },
  });
}

/** The same for answers that are no GraphQL result. */
export function failureBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { code, action: ERROR_CODES[code][0] } }] });
}

/**
 * What a client may see of a failure inside: WeChat's and the database's by their code, anything else as
 * INTERNAL_SERVER_ERROR. The failure itself belongs in the log.
 */
export function toClientError(failure: unknown): GraphQLError {
  if (failure instanceof WeChatError) return fromWeChat(failure);
  if (failure instanceof StorageError && failure.failure === 'UNAVAILABLE')
    return fail('SERVICE_UNAVAILABLE', 'The database did not answer in time. Try again in a few seconds.', {
      retryAfter: 2,
    });
  return fail(
    'INTERNAL_SERVER_ERROR',
    'A fault of this server, logged with the id of this request. Try again later.',
  );
}

function fromWeChat({ code, errcode, rid, retryAfter }: WeChatError): GraphQLError {
  return fail(code, WECHAT_MESSAGES[code], {
    retryAfter,
    wechat: errcode === undefined ? undefined : { errcode, ...(rid === undefined ? {} : { rid }) },
  });
}

const WECHAT_MESSAGES = {
  WECHAT_CODE_INVALID:
    'WeChat refused the code: it is wrong, used, older than 5 minutes, or of another mini program. Call wx.login again and send the new code at once.',
  WECHAT_PHONE_CODE_INVALID:
    'WeChat refused the code of getPhoneNumber: it is wrong, used, older than 5 minutes, or of another person. It is not the code of wx.login. Let the person press the button again.',
  WECHAT_SESSION_STALE:
    'The data does not fit the session_key of the last login: wx.login was called after the data was made, or on another device. Call wx.login, then login, then get the data again from WeChat, in this order.',
  WECHAT_USER_BLOCKED: 'WeChat refuses to log in this user (risk control). Trying again does not help.',
  WECHAT_RATE_LIMITED:
    'WeChat limits how often this user or mini program may log in. Wait, then call wx.login again.',
  WECHAT_UNAVAILABLE:
    'WeChat failed or did not answer in time. Wait a few seconds, then try again with a new code: this one must be taken as used.',
  WECHAT_MISCONFIGURED:
    'WeChat refuses the configuration of this server. Its operator finds the reason in the log.',
} as const;

/**
 * Makes an error of a result fit for the client: failures from inside are logged and replaced, the errors of
 * graphql-js and Yoga get the code and the action that they lack.
 * @param log bears the id of the request
 * @param suggestions whether "Did you mean" may tell of names that were not asked for
 */
export function finishError(error: GraphQLError, log: Log, suggestions = true): GraphQLError {
  const failure = failureIn(error);
  if (failure !== undefined) {
    report(failure, log);
    return moved(toClientError(failure), error);
  }
  // Yoga quotes the request there, and takes it as the sign for status 400.
  const { originalError: quoted, ...extensions } = error.extensions;
  const code = codeOf(error);
  const message = suggestions ? error.message : withoutSuggestion(error.message);
  const http = quoted === undefined ? {} : { http: { status: 400 } };
  return moved(
    new GraphQLError(message, { extensions: { ...extensions, ...http, code, action: ERROR_CODES[code][0] } }),
    error,
  );
}

/** A message without the names that graphql-js suggests; where they are of values it can't be told to leave them out. */
export function withoutSuggestion(message: string): string {
  return message.replace(/ Did you mean .*\?$/s, '');
}

function failureIn(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return error;
  return error.originalError ? failureIn(error.originalError) : undefined;
}

/** Says to the operator what happened; nothing that a user can cause at will is above `info`. */
function report(failure: unknown, log: Log): void {
  if (failure instanceof WeChatError) {
    const { code, endpoint, errcode, rid, remedy } = failure;
    const level = remedy ? 'error' : code === 'WECHAT_UNAVAILABLE' ? 'warn' : 'info';
    log[level]({ wechat: { code, endpoint, errcode, rid, remedy } }, failure.message);
  } else
    log.error({ err: failure }, failure instanceof StorageError ? failure.message : 'unexpected failure');
}

/** The error at the place of another. */
function moved(
  { message, extensions }: GraphQLError,
  { nodes, source, positions, path }: GraphQLError,
): GraphQLError {
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}

/** Errors without a code come from graphql-js: a variable whose value doesn't fit its type. */
function codeOf({ extensions: { code } }: GraphQLError): ErrorCode {
  if (typeof code !== 'string') return 'BAD_USER_INPUT';
  return isErrorCode(code) ? code : 'BAD_REQUEST';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
