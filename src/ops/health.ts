import type { Clock } from '../common/clock.ts';
import { withDeadline } from '../common/deadline.ts';

/** Whether this process should receive requests. */
export type Health = {
  ready(): Promise<boolean>;
  /** Makes `ready` false for good: the process is shutting down. */
  drain(): void;
  draining(): boolean;
};

const PING_TIMEOUT_MS = 1000;
const CACHE_MS = 1000;

/**
 * @param ping rejects when a dependency that every request needs is unavailable; it is called at most once a second,
 * so that probes cannot be a load
 */
export function createHealth(ping: () => Promise<void>, now: Clock = Date.now): Health {
  let draining = false;
  let last: { at: number; result: Promise<boolean> } | undefined;

  async function check(): Promise<boolean> {
    try {
      await withDeadline(PING_TIMEOUT_MS, ping(), () => new Error('the health check timed out'));
      return true;
    } catch {
      return false;
    }
  }

  return {
    async ready() {
      if (!last || now() - last.at >= CACHE_MS) last = { at: now(), result: check() };
      return (await last.result) && !draining;
    },
    drain() {
      draining = true;
    },
    draining: () => draining,
  };
}
