import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../common/clock.ts';
import type { Session, Tokens } from './tokens.ts';

/** About 300 bytes each. */
const MAX_TOKENS = 20_000;

/**
 * Remembers which tokens were verified, until they expire. Only what the signature proves is remembered: whether the
 * user still exists, is enabled and has this token version is read from the database for each request. Tokens that are
 * invalid are verified each time. The cache belongs to the keys: others need another one.
 */
export function cacheVerified(tokens: Tokens, now: Clock = Date.now): Tokens {
  const sessions = new LRUCache<string, Session>({ max: MAX_TOKENS });
  return {
    ...tokens,
    async verify(token) {
      const digest = hash('sha256', token, 'base64');
      const cached = sessions.get(digest);
      if (cached && now() < cached.validUntil) return cached;
      sessions.delete(digest);
      const session = await tokens.verify(token);
      if (typeof session !== 'string') sessions.set(digest, session);
      return session;
    },
  };
}
