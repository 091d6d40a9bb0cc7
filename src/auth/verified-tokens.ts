import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../common/clock.ts';
import type { Session, TokenFault, Tokens } from './tokens.ts';

/** Why an Authorization header has no session. */
export type HeaderFault = TokenFault | 'MISSING' | 'MALFORMED';

/** The session that an Authorization header proves: at once if the header was verified before. */
export type ReadSession = (
  authorization: string | undefined,
) => Session | HeaderFault | Promise<Session | HeaderFault>;

/** About 300 bytes each. */
const MAX_HEADERS = 20_000;
const MAX_HEADER_CHARS = 4096;
const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * Remembers which headers were verified, by a digest, until their tokens expire. Only what the signature proves is
 * remembered: whether the user still exists, is enabled and has this token version is read from the database for each
 * request. Tokens that are invalid are verified each time. The cache belongs to the keys: others need another reader.
 */
export function createSessionReader({ verify }: Pick<Tokens, 'verify'>, now: Clock = Date.now): ReadSession {
  const sessions = new LRUCache<string, Session>({ max: MAX_HEADERS });

  async function verifyHeader(authorization: string, digest: string): Promise<Session | HeaderFault> {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) return 'MALFORMED';
    const session = await verify(token);
    if (typeof session !== 'string') sessions.set(digest, session);
    return session;
  }

  return (authorization) => {
    if (authorization === undefined || authorization === '') return 'MISSING';
    if (authorization.length > MAX_HEADER_CHARS) return 'MALFORMED';
    const digest = hash('sha256', authorization, 'base64');
    const cached = sessions.get(digest);
    return cached && now() < cached.validUntil ? cached : verifyHeader(authorization, digest);
  };
}
