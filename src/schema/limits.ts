import type { Context } from '../context.ts';
import { fail } from '../errors/codes.ts';

/**
 * Counts a login, whatever comes of it; several in one request are several.
 * @throws RATE_LIMITED
 */
export async function countLogin({ limits, connection }: Context, appId: string): Promise<void> {
  const retryAfter = await limits.login(connection.address, appId);
  if (retryAfter > 0)
    throw fail(
      'RATE_LIMITED',
      `Too many logins from this network or into this mini program. Try again in ${retryAfter} seconds; the code was not used.`,
      { retryAfter },
    );
}

/**
 * Counts an attempt of a user to bind a phone number, before a code is spent on it.
 * @throws RATE_LIMITED
 */
export async function countPhoneBind({ limits }: Context, userId: string): Promise<void> {
  const retryAfter = await limits.phone(userId);
  if (retryAfter > 0)
    throw fail(
      'RATE_LIMITED',
      `Too many phone numbers for this user. Try again in ${retryAfter} seconds; the code was not used.`,
      { retryAfter },
    );
}
