import type { HeaderFault, ReadSession } from './verified-tokens.ts';

/** Why a request has no viewer. */
export type ViewerFault =
  | HeaderFault
  /** The user logged out, or was deleted. */
  | 'REVOKED'
  /** An administrator disabled the account. */
  | 'DISABLED';

/** A user with a valid token; `authTime` is their last login with WeChat. */
export type SignedIn<User> = { user: User; authTime: Date; fault?: undefined };

/** Who sends a request: a user, or the reason why there is none. */
export type Viewer<User> = SignedIn<User> | { user?: undefined; fault: ViewerFault };

/** What decides whether a token of the user is still valid. */
export type Account = { appId: string; tokenVersion: number; disabledAt: Date | null };

/**
 * Authenticates a request by its Authorization header. The user row is read each time, so that a logout or a disabled
 * account takes effect at once.
 * @throws what `findUser` throws: a database failure is not an invalid token
 */
export async function readViewer<User extends Account>(
  authorization: string | undefined,
  readSession: ReadSession,
  findUser: (id: string) => Promise<User | null>,
): Promise<Viewer<User>> {
  const session = await readSession(authorization);
  if (typeof session === 'string') return { fault: session };
  const user = await findUser(session.id);
  if (user?.appId !== session.appId) return { fault: 'REVOKED' };
  if (user.disabledAt) return { fault: 'DISABLED' };
  if (user.tokenVersion !== session.tokenVersion) return { fault: 'REVOKED' };
  return { user, authTime: session.authTime };
}
