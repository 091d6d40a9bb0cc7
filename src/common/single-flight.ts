import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';

/** What identifies a task. Only a hash of it is stored. */
export type TaskKey = readonly string[];

/** Runs a task once per key: concurrent and, for a while, later callers share its result. Per process. */
export type SingleFlight<T> = {
  /** Starts the task, or returns the result of the one that runs or succeeded recently. Failures are not cached. */
  run(key: TaskKey, task: () => Promise<T>): Promise<T>;
  forget(key: TaskKey): void;
};

export type SingleFlightOptions = {
  /** Milliseconds, from the start of the task, during which its result is cached; 0 shares running tasks only. */
  ttlMs: number;
  /** Results cached at most; the least recently used are evicted. */
  maxEntries?: number;
  /** Delete expired results by a timer, not only at the next access: for secrets. */
  purgeExpired?: boolean;
  now?: Clock;
};

/** A running task stays cached until it settles: its own deadlines end it. */
const NO_TTL = 0;

export function createSingleFlight<T>({
  ttlMs,
  maxEntries = 10_000,
  purgeExpired = false,
  now = Date.now,
}: SingleFlightOptions): SingleFlight<T> {
  const flights = new LRUCache<string, Promise<T>>({
    max: maxEntries,
    ttl: Math.max(1, ttlMs),
    ttlResolution: 0,
    ttlAutopurge: purgeExpired,
    perf: { now },
  });

  function start(hash: string, task: () => Promise<T>): Promise<T> {
    const startedAt = now();
    const isCurrent = () => flights.peek(hash) === flight;
    const flight = task().then(
      (result) => {
        if (isCurrent() && ttlMs > 0) flights.set(hash, flight, { start: startedAt });
        else if (isCurrent()) flights.delete(hash);
        return result;
      },
      (error: unknown) => {
        if (isCurrent()) flights.delete(hash);
        throw error;
      },
    );
    flights.set(hash, flight, { ttl: NO_TTL });
    return flight;
  }

  return {
    run(key, task) {
      const hash = hashOf(key);
      return flights.get(hash) ?? start(hash, task);
    },
    forget(key) {
      flights.delete(hashOf(key));
    },
  };
}

/** A hash that tells nothing of the key. */
export function hashOf(key: TaskKey): string {
  return createHash('sha256').update(JSON.stringify(key)).digest('base64');
}
