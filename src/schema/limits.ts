import type { Context } from '../context.ts';
import { clientError } from '../errors/client-error.ts';

/**
 * Counts a login attempt. Several logins in one request count separately.
 * @throws RATE_LIMITED
 */
export async function countLogin({ limits, connection }: Context, appId: string): Promise<void> {
  const retryAfter = await limits.login(connection.address, appId);
  if (retryAfter > 0)
    throw clientError(
      'RATE_LIMITED',
      `Too many logins from this network or in this mini program. Retry in ${retryAfter} seconds; the code was not used.`,
      { retryAfter },
    );
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
