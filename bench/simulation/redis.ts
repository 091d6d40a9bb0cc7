import type { Events } from './events.ts';
import { FOOTPRINT, PLACE } from './inputs.ts';

/** One thread that counts logins and stores their outcomes. */
export type SimulatedRedis = {
  /** Milliseconds until a login may go on, and after it was stored. */
  beforeMs(): number;
  afterMs(): number;
  /** Logins that were counted in the memory of their process instead. */
  skipped(): number;
};

/** A login asks four counters, one after another, and claims its key; later it stores its outcome. */
const CALLS = { before: 5, after: 1 };
/** The deadline of the counters in src/ops/redis.ts. */
const TIMEOUT_MS = 500;

/** @param slowdown if it serves only so many parts of the simulated whole */
export function createRedis(events: Events, slowdown = 1): SimulatedRedis {
  const callMs = (FOOTPRINT.redisUs * slowdown) / 1000 / (CALLS.before + CALLS.after);
  let freeAt = 0;
  let skipped = 0;

  function call(count: number): number | null {
    const now = events.now();
    if (freeAt - now > TIMEOUT_MS) return null;
    freeAt = Math.max(freeAt, now) + count * callMs;
    return freeAt - now + count * PLACE.roundTripMs;
  }

  return {
    beforeMs() {
      const ms = call(CALLS.before);
      if (ms === null) skipped += 1;
      return ms ?? 0;
    },
    afterMs: () => call(CALLS.after) ?? 0,
    skipped: () => skipped,
  };
}
