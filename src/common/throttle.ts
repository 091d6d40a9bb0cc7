import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';

/**
 * Lets the first call for a key through, then one per interval: for log lines that attackers can cause.
 * @returns the number of calls that were suppressed since the last one that passed; null if this one is suppressed
 */
export type Throttle = (key: string) => number | null;

const MAX_KEYS = 1000;

export function createThrottle(intervalMs: number, now: Clock = Date.now): Throttle {
  const calls = new LRUCache<string, { passedAt: number; suppressed: number }>({ max: MAX_KEYS });
  return (key) => {
    const last = calls.get(key);
    if (last && now() - last.passedAt < intervalMs) {
      last.suppressed += 1;
      return null;
    }
    calls.set(key, { passedAt: now(), suppressed: 0 });
    return last?.suppressed ?? 0;
  };
}
