import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf, type SingleFlight } from '../common/single-flight.ts';

/** A store of short texts that expire, which several processes share. It rejects while it is away. */
export type SharedOutcomes = {
  /**
   * Sets a key that has no value yet, for some milliseconds.
   * @returns null if it was set; otherwise the value, or an empty text if that has just expired
   */
  claim(key: string, claim: string, ms: number): Promise<string | null>;
  put(key: string, value: string, ms: number): Promise<void>;
  /** Deletes the key if it has this value. */
  release(key: string, claim: string): Promise<void>;
};

export type SharedFlightOptions<T> = {
  outcomes: SharedOutcomes;
  /** Of the keys in the store. */
  name: string;
  /** Milliseconds, from the start of the task, during which its result is shared. */
  ttlMs: number;
  /** Reads a result from JSON; undefined if it is of another version of this server. */
  parse: (json: unknown) => T | undefined;
};

/** A task ends within its own deadlines, so after this time its process has ended. */
const CLAIM_MS = 15_000;
const POLL_MS = 25;
const CLAIM = 'claim:';

/**
 * Runs a task once per key among all processes that share a store. While the store is away, once per process.
 * @param local shares the task in this process
 */
export function createSharedFlight<T>(
  local: SingleFlight<T>,
  { outcomes, name, ttlMs, parse }: SharedFlightOptions<T>,
): Pick<SingleFlight<T>, 'run'> {
  async function runShared(key: string, task: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const claim = `${CLAIM}${randomUUID()}`;
    try {
      while (performance.now() < startedAt + CLAIM_MS) {
        const value = await outcomes.claim(key, claim, CLAIM_MS);
        if (value === null) break;
        const result = value.startsWith('{') ? parse(JSON.parse(value)) : undefined;
        if (result !== undefined) return result;
        await sleep(POLL_MS);
      }
    } catch {
      return task();
    }
    return runClaimed(key, claim, task, startedAt);
  }

  /** What cannot be stored is not an error of the task. */
  async function runClaimed(
    key: string,
    claim: string,
    task: () => Promise<T>,
    startedAt: number,
  ): Promise<T> {
    try {
      const result = await task();
      const left = Math.ceil(startedAt + ttlMs - performance.now());
      if (left > 0) await outcomes.put(key, JSON.stringify(result), left).catch(() => undefined);
      return result;
    } catch (error) {
      await outcomes.release(key, claim).catch(() => undefined);
      throw error;
    }
  }

  return { run: (key, task) => local.run(key, () => runShared(`${name}:${hashOf(key)}`, task)) };
}
