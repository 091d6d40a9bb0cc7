import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Redis, type RedisOptions } from 'ioredis';
import type { Log } from './log.ts';
import type { SharedOutcomes } from './shared-flight.ts';

/** Counters and outcomes that replicas share, in Redis or Valkey. While it is away, calls reject soon. */
export type SharedMemory = {
  /** The client for rate-limiter-flexible. */
  counters: object;
  outcomes: SharedOutcomes;
  isUp(): boolean;
  close(): void;
};

const KEY_PREFIX = 'weapp-login:';
/** Logins wait for Redis, so they give up early. */
const TIMEOUT_MS = 500;
/** How long outcomes are waited for while Redis restarts. Counters do not wait. */
const RESTART_MS = 2000;
const MAX_RECONNECT_MS = 500;
/** Deletes a key if it has this value. */
const DELETE_IF =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * Connects to Redis, and waits for it for half a second: the server starts without it, too.
 * @param url with user and password, which are never logged
 */
export async function connectSharedMemory(url: string, log: Log): Promise<SharedMemory> {
  const common: RedisOptions = {
    keyPrefix: KEY_PREFIX,
    connectTimeout: TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(MAX_RECONNECT_MS, 50 * attempt),
  };
  const counters = new Client(url, {
    ...common,
    commandTimeout: TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  const outcomes = new Client(url, { ...common, commandTimeout: RESTART_MS, maxRetriesPerRequest: null });
  // What it reports, `outcomes` reports too.
  counters.on('error', () => undefined);

  let downSince: number | null = null;
  function noteDown(error: unknown): void {
    if (downSince !== null) return;
    downSince = performance.now();
    log.warn({ redis: { code: codeOf(error) } }, 'Redis failed: this process counts and remembers alone');
  }
  outcomes.on('error', noteDown);
  outcomes.on('close', () => noteDown(undefined));
  outcomes.on('ready', () => {
    if (downSince !== null) log.info('Redis responds again');
    downSince = null;
  });
  await Promise.race([new Promise((resolve) => outcomes.once('ready', resolve)), sleep(TIMEOUT_MS)]);
  if (outcomes.status !== 'ready') noteDown(undefined);

  /** Waits while Redis restarts, and not at all if it has been away for longer. */
  async function run<T>(command: () => Promise<T>): Promise<T> {
    if (downSince !== null && performance.now() > downSince + RESTART_MS) throw new Error('Redis is away');
    return command();
  }

  return {
    counters,
    outcomes: {
      claim: (key, claim, ms) =>
        run(async () => {
          if ((await outcomes.set(key, claim, 'PX', ms, 'NX')) !== null) return null;
          const value = await outcomes.get(key);
          // The command was sent again after the connection was lost.
          return value === claim ? null : (value ?? '');
        }),
      put: (key, value, ms) => run(async () => void (await outcomes.set(key, value, 'PX', ms))),
      release: (key, claim) => run(async () => void (await outcomes.eval(DELETE_IF, 1, key, claim))),
    },
    isUp: () => downSince === null,
    close() {
      for (const client of [counters, outcomes]) client.removeAllListeners('close').disconnect();
    },
  };
}

/** Closes a connection that does not respond. `socketTimeout` of ioredis 5.11 closes the next connection, too. */
class Client extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    command.promise.catch((error: unknown) => {
      if (error instanceof Error && error.message === 'Command timed out') this.disconnect(true);
    });
    return super.sendCommand(command, stream);
  }
}

/** Such as ECONNREFUSED, or WRONGPASS of a response. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'CLOSED';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{4,}/.exec(error.message)?.[0] ?? error.name;
}
