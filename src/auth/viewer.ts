import type { Tokens } from './tokens.ts';

/** Why a request has no viewer. */
export type ViewerFault =
  | 'MISSING'
  | 'MALFORMED'
  | 'EXPIRED'
  /** Not signed by us, or for another issuer or audience. */
  | 'INVALID'
  /** Logged out, or the account is gone. */
  | 'REVOKED'
  /** An administrator disabled the account. */
  | 'DISABLED';

/** Who asks, and when they last logged in with WeChat. */
export type SignedIn<User> = { user: User; authTime: Date; fault?: undefined };

export type Viewer<User> = SignedIn<User> | { user?: undefined; fault: ViewerFault };

/** What of a user decides whether a token still stands. */
export type Account = { appId: string; tokenVersion: number; disabledAt: Date | null };

const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;
const MAX_HEADER_CHARS = 4096;

/**
 * Who sent the request, by its Authorization header. Tokens are judged by user id and token version, never by
 * their text, since base64 has several spellings of one token.
 * @throws whatever `findUser` throws: a database that is down is no reason to call a token bad
 */
export async function readViewer<User extends Account>(
  authorization: string | null,
  tokens: Tokens,
  findUser: (id: string) => Promise<User | null>,
): Promise<Viewer<User>> {
  if (authorization === null || authorization === '') return { fault: 'MISSING' };
  const token = authorization.length <= MAX_HEADER_CHARS ? BEARER.exec(authorization)?.[1] : undefined;
  if (token === undefined) return { fault: 'MALFORMED' };
  const session = await tokens.verify(token);
  if (typeof session === 'string') return { fault: session };
  const user = await findUser(session.id);
  if (user?.appId !== session.appId) return { fault: 'REVOKED' };
  if (user.disabledAt) return { fault: 'DISABLED' };
  if (user.tokenVersion !== session.tokenVersion) return { fault: 'REVOKED' };
  return { user, authTime: session.authTime };
}
