import type { GraphQLError } from 'graphql';
import { clientError } from '../errors/client-error.ts';
import type { Log } from '../ops/log.ts';
import { storageErrorIn } from '../storage/storage-error.ts';
import { describeWeChatError, WeChatError } from '../wechat/wechat-error.ts';

const RETRY_DATABASE_AFTER_S = 2;

/** What a client may see of a failure: WeChat's and the database's by code, others as INTERNAL_SERVER_ERROR. */
export function toClientError(failure: unknown): GraphQLError {
  if (failure instanceof WeChatError) return fromWeChat(failure);
  if (storageErrorIn(failure)?.failure === 'UNAVAILABLE')
    return clientError(
      'SERVICE_UNAVAILABLE',
      'The database is unavailable or timed out. Retry in a few seconds.',
      { retryAfter: RETRY_DATABASE_AFTER_S },
    );
  return clientError(
    'INTERNAL_SERVER_ERROR',
    'Internal error, logged with the request id of this response. Retry later.',
  );
}

/** Logs a failure for the operator. What any user can cause is logged at `info` or below. */
export function logFailure(failure: unknown, log: Log): void {
  if (failure instanceof WeChatError) {
    const level = failure.remedy ? 'error' : failure.code === 'WECHAT_UNAVAILABLE' ? 'warn' : 'info';
    log[level](describeWeChatError(failure), failure.message);
  } else {
    // Drizzle's own error holds SQL and parameters.
    const storage = storageErrorIn(failure);
    log.error({ err: storage ?? failure }, storage?.message ?? 'unexpected failure');
  }
}

function fromWeChat({ code, errcode, rid, retryAfter }: WeChatError): GraphQLError {
  return clientError(code, WECHAT_MESSAGES[code], {
    retryAfter,
    wechat: errcode === undefined ? undefined : { errcode, rid },
  });
}

const WECHAT_MESSAGES = {
  WECHAT_CODE_INVALID:
    'WeChat rejected the code: it is wrong, already used, older than 5 minutes, or from another mini program. Call wx.login again and send the new code at once.',
  WECHAT_PHONE_CODE_INVALID:
    'WeChat rejected the getPhoneNumber code: it is wrong, already used, older than 5 minutes, or from another user. It is not the wx.login code. Ask the user to press the button again.',
  WECHAT_SESSION_STALE:
    'The data does not match the session_key of the last login: wx.login was called after the data was created, or on another device. Call wx.login, then login, then get the data again from WeChat, in this order.',
  WECHAT_USER_BLOCKED: 'WeChat blocked this user as a security risk. Retrying does not help.',
  WECHAT_RATE_LIMITED:
    'The WeChat rate limit or quota of this user or mini program is exceeded. Wait, then call wx.login again.',
  WECHAT_UNAVAILABLE:
    'WeChat failed or timed out. Treat the code as used: wait a few seconds, then retry with a new one.',
  WECHAT_MISCONFIGURED:
    'WeChat rejected the configuration of this server. The operator finds the reason in the log.',
} as const;
