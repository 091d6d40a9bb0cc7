import { withDeadline } from '../common/deadline.ts';

/** Whether this process should receive requests. */
export type Health = {
  ready(): Promise<boolean>;
  /** Makes `ready` false for good: the process is shutting down. */
  drain(): void;
  draining(): boolean;
};

const PING_TIMEOUT_MS = 1000;

/** @param ping rejects when a dependency that every request needs is unavailable */
export function createHealth(ping: () => Promise<void>): Health {
  let draining = false;
  return {
    async ready() {
      if (draining) return false;
      try {
        await withDeadline(PING_TIMEOUT_MS, ping(), () => new Error('the health check timed out'));
        return !draining;
      } catch {
        return false;
      }
    },
    drain() {
      draining = true;
    },
    draining: () => draining,
  };
}
