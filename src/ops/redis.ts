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
/** How long Redis is not asked after it rejected a command, or did not respond. */
const PAUSE_MS = 1000;
/** It is up again when it has not failed for so long. */
const STABLE_MS = 2000;
const PROBE_KEY = 'probe';
/** Deletes a key if it has this value. */
const DELETE_IF =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * Connects to Redis, and waits for it for half a second: the server starts without it, too.
 * @param url with user and password, which are never logged
 */
export async function connectSharedMemory(url: string, log: Log): Promise<SharedMemory> {
  let downSince: number | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = 0;

  function noteFailure(error: unknown): void {
    failedAt = performance.now();
    if (downSince === null)
      log.warn({ redis: { code: codeOf(error) } }, 'Redis failed: this process counts and remembers alone');
    downSince ??= failedAt;
  }

  function noteRejection(error: unknown): void {
    noteFailure(error);
    pausedUntil = performance.now() + PAUSE_MS;
  }

  function noteSuccess(): void {
    if (downSince === null || performance.now() < failedAt + STABLE_MS) return;
    log.info('Redis responds again');
    downSince = null;
  }

  const common: RedisOptions = {
    keyPrefix: KEY_PREFIX,
    connectTimeout: TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(MAX_RECONNECT_MS, 50 * attempt),
  };
  const listeners = { onRejection: noteRejection, onSuccess: noteSuccess };
  const counters = new Client(listeners, url, {
    ...common,
    commandTimeout: TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  const outcomes = new Client(listeners, url, {
    ...common,
    commandTimeout: RESTART_MS,
    maxRetriesPerRequest: null,
  });
  for (const client of [counters, outcomes]) client.on('error', noteFailure);
  outcomes.on('close', () => noteFailure(undefined));
  await Promise.race([new Promise((resolve) => outcomes.once('ready', resolve)), sleep(TIMEOUT_MS)]);
  if (outcomes.status !== 'ready') noteFailure(undefined);

  // A write, because Redis can be full or a replica.
  const probing = setInterval(() => {
    if (downSince !== null && outcomes.status === 'ready')
      outcomes.set(PROBE_KEY, '', 'PX', PAUSE_MS).catch(() => undefined);
  }, PAUSE_MS).unref();

  const isPaused = () => performance.now() < pausedUntil;

  /** Waits while Redis restarts, and not at all if it has been away for longer. */
  async function run<T>(command: () => Promise<T>): Promise<T> {
    const isAway =
      outcomes.status !== 'ready' && downSince !== null && performance.now() > downSince + RESTART_MS;
    if (isAway || isPaused()) throw new Error('Redis is away');
    return command();
  }

  return {
    counters: withStatus(counters, (status) => (isPaused() ? 'paused' : status)),
    outcomes: {
      claim: (key, claim, ms) =>
        run(async () => {
          if ((await outcomes.set(key, claim, 'PX', ms, 'NX')) !== null) return null;
          const value = await outcomes.get(key);
          // The command was sent again after the connection was lost.
          return value === claim ? null : (value ?? '');
        }),
      extend: (key, ms) => run(async () => void (await outcomes.pexpire(key, ms))),
      put: (key, value, ms) => run(async () => void (await outcomes.set(key, value, 'PX', ms))),
      release: (key, claim) => run(async () => void (await outcomes.eval(DELETE_IF, 1, key, claim))),
    },
    isUp: () => downSince === null,
    close() {
      clearInterval(probing);
      for (const client of [counters, outcomes]) client.removeAllListeners('close').disconnect();
    },
  };
}

type Listeners = { onRejection(error: unknown): void; onSuccess(): void };

/**
 * Reports what becomes of each command, and closes a connection that does not respond. `socketTimeout` of ioredis 5.11
 * closes the next connection, too.
 */
class Client extends Redis {
  readonly #listeners: Listeners;

  constructor(listeners: Listeners, url: string, options: RedisOptions) {
    super(url, { ...options, lazyConnect: true });
    this.#listeners = listeners;
    this.connect().catch(() => undefined);
  }

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    command.promise.then(this.#listeners.onSuccess, (error: unknown) => {
      if (error instanceof Error && error.message === 'Command timed out') this.disconnect(true);
      // What was not sent says nothing new.
      if (this.status === 'ready') this.#listeners.onRejection(error);
    });
    return super.sendCommand(command, stream);
  }
}

/** The client with another status, by which rate-limiter-flexible decides whether to ask it. */
function withStatus(client: Redis, statusOf: (status: string) => string): object {
  return new Proxy(client, {
    get(target, name) {
      if (name === 'status') return statusOf(target.status);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Such as ECONNREFUSED, or the first word of a response, such as WRONGPASS. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'CLOSED';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{3,}/.exec(error.message)?.[0] ?? error.name;
}
