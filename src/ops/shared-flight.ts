import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOf, type SingleFlight } from '../common/single-flight.ts';
import type { OutcomeSeal } from './outcome-seal.ts';

/** A store of short texts that expire, which several processes share. It rejects while it is away. */
export type SharedOutcomes = {
  /**
   * Sets a key that has no value yet, for some milliseconds.
   * @returns null if it was set; otherwise the value, or an empty text if that has just expired
   */
  claim(key: string, claim: string, ms: number): Promise<string | null>;
  /** Lets a key expire later. */
  extend(key: string, ms: number): Promise<void>;
  put(key: string, value: string, ms: number): Promise<void>;
  /** Deletes the key if it has this value. */
  release(key: string, claim: string): Promise<void>;
};

export type SharedFlightOptions<T> = {
  outcomes: SharedOutcomes;
  /** For the next outcome: its secrets can be replaced. */
  seal(): OutcomeSeal;
  /** Of the keys in the store. */
  name: string;
  /** Milliseconds, from the start of the task, during which its result is shared. */
  ttlMs: number;
  /** Reads a result from JSON; undefined if it is of another version of this server. */
  parse: (json: unknown) => T | undefined;
};

/** A claim that is not extended belongs to a process that has ended. */
const CLAIM_MS = 6000;
const EXTEND_MS = 2000;
const POLL_MS = 25;
/** How long the task of another process is waited for. */
const MAX_WAIT_MS = 30_000;
/** A result is shared for at least this time, although its task took longer than `ttlMs`. */
const MIN_TTL_MS = 1000;
const CLAIM = 'claim:';

/**
 * Runs a task once per key among all processes that share a store. While the store is away, once per process.
 * @param local shares the task in this process
 */
export function createSharedFlight<T>(
  local: SingleFlight<T>,
  { outcomes, seal, name, ttlMs, parse }: SharedFlightOptions<T>,
): Pick<SingleFlight<T>, 'run'> {
  async function runShared(key: string, task: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const claim = `${CLAIM}${randomUUID()}`;
    const known = await claimOrRead(key, claim, startedAt + MAX_WAIT_MS).catch(() => undefined);
    if (known === null) return runClaimed(key, claim, task, startedAt);
    return known ?? task();
  }

  /** Null if it was claimed; undefined if there will be no result. */
  async function claimOrRead(key: string, claim: string, end: number): Promise<T | null | undefined> {
    while (performance.now() < end) {
      const value = await outcomes.claim(key, claim, CLAIM_MS);
      if (value === null) return null;
      if (value !== '' && !value.startsWith(CLAIM)) return read(key, value);
      await sleep(POLL_MS);
    }
    return undefined;
  }

  function read(key: string, value: string): T | undefined {
    const json = seal().open(key, value);
    return json === null ? undefined : parse(JSON.parse(json));
  }

  /** What cannot be stored is not an error of the task. */
  async function runClaimed(
    key: string,
    claim: string,
    task: () => Promise<T>,
    startedAt: number,
  ): Promise<T> {
    const release = () => outcomes.release(key, claim).catch(() => undefined);
    const extending = setInterval(() => outcomes.extend(key, CLAIM_MS).catch(() => undefined), EXTEND_MS);
    try {
      const result = await task();
      const left = Math.max(MIN_TTL_MS, Math.ceil(startedAt + ttlMs - performance.now()));
      await outcomes.put(key, seal().close(key, JSON.stringify(result)), left).catch(release);
      return result;
    } catch (error) {
      await release();
      throw error;
    } finally {
      clearInterval(extending);
    }
  }

  return { run: (key, task) => local.run(key, () => runShared(`${name}:${hashOf(key)}`, task)) };
}
