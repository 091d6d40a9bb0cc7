import { GraphQLError } from 'graphql';
import type { Context } from '../context.ts';
import { clientError } from '../errors/client-error.ts';
import { type ErrorCode, isErrorCode } from '../errors/codes.ts';
import { StorageError } from '../storage/storage-error.ts';
import { WeChatError } from '../wechat/wechat-error.ts';

/**
 * Counts a login attempt and runs it, and reports its outcome. Several logins in one request count separately. Only logins that WeChat accepts
 * count for the mini program; codes that it rejects count against the network that sent them.
 * @throws RATE_LIMITED
 */
export async function limitLogin<T>(
  { limits, metrics, connection: { address } }: Context,
  appId: string,
  login: () => Promise<T>,
): Promise<T> {
  try {
    const result = await limitAndRun(limits, address, appId, login);
    metrics.login(appId, 'OK');
    return result;
  } catch (error) {
    metrics.login(appId, outcomeOf(error), error instanceof WeChatError ? error.errcode : undefined);
    throw error;
  }
}

async function limitAndRun<T>(
  limits: Context['limits'],
  address: string,
  appId: string,
  login: () => Promise<T>,
): Promise<T> {
  const retryAfter = await limits.login(address, appId);
  if (retryAfter > 0)
    throw clientError(
      'RATE_LIMITED',
      `Too many logins from this network or in this mini program. Retry in ${retryAfter} seconds; the code was not used.`,
      { retryAfter },
    );
  try {
    return await login();
  } catch (error) {
    if (error instanceof WeChatError)
      await limits.loginFailed(address, appId, isRejectedCode(error) ? 'REJECTED_CODE' : 'OTHER');
    throw error;
  }
}

function outcomeOf(error: unknown): ErrorCode {
  if (error instanceof WeChatError) return error.code;
  if (error instanceof StorageError && error.failure === 'UNAVAILABLE') return 'SERVICE_UNAVAILABLE';
  const code = error instanceof GraphQLError ? error.extensions.code : undefined;
  return typeof code === 'string' && isErrorCode(code) ? code : 'INTERNAL_SERVER_ERROR';
}

function isRejectedCode({ code }: WeChatError): boolean {
  return code === 'WECHAT_CODE_INVALID' || code === 'WECHAT_USER_BLOCKED';
}

/**
 * Counts an attempt to bind a phone number, before its code is used.
 * @throws RATE_LIMITED
 */
export async function countPhoneBind({ limits }: Context, userId: string): Promise<void> {
  const retryAfter = await limits.phone(userId);
  if (retryAfter > 0)
    throw clientError(
      'RATE_LIMITED',
      `Too many phone numbers for this user. Retry in ${retryAfter} seconds; the code was not used.`,
      { retryAfter },
    );
}
