import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterMySQL,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Clock } from '../common/clock.ts';
import { createThrottle } from '../common/throttle.ts';
import type { Log } from './log.ts';
import { type Metrics, NO_METRICS } from './metrics.ts';
import { createAddressKeys } from './networks.ts';

/** Limits; 0 disables one. */
export type RateLimitOptions = {
  /** Logins a minute from one client address or IPv6 network. Users of one office or mobile gateway share it. */
  loginsPerAddress: number;
  /** Logins a minute into one mini program that WeChat accepts. */
  loginsPerApp: number;
  /** Codes a minute from one client address that WeChat rejects. */
  failuresPerAddress: number;
  /** Codes a minute from one network (IPv4 /24, IPv6 /48) that WeChat rejects. */
  failuresPerNetwork: number;
  /** Phone numbers an hour that one user may request from WeChat. */
  phonesPerUser: number;
};

export type RateLimits = {
  /** Counts an attempt and returns the seconds to wait: 0 if it is allowed. Its outcome must be reported. */
  login(address: string, appId: string): Promise<number>;
  /** The outcome of a login that was allowed and did not succeed: it no longer counts for the mini program. */
  loginFailed(address: string, appId: string, reason: 'REJECTED_CODE' | 'OTHER'): Promise<void>;
  /** Counts an attempt and returns the seconds to wait: 0 if it is allowed. */
  phone(userId: string): Promise<number>;
};

/** A client of Redis, or a callback-style MySQL pool whose database has the table `rate_limit`. */
export type CounterStore =
  | { kind: 'redis'; client: object }
  | { kind: 'mysql'; pool: object; database: string };

export type RateLimitDependencies = {
  log: Log;
  /**
   * Shared by several replicas; while it fails each replica counts in memory. Without it N replicas allow N times as
   * much. MySQL does not count rejected codes: each process does.
   */
  store?: CounterStore | undefined;
  metrics?: Pick<Metrics, 'rateLimited'>;
  now?: Clock;
};

const MINUTE = 60;
const HOUR = 3600;
const TABLE = 'rate_limit';
const LOG_INTERVAL_MS = 60_000;
/** How long logins into a mini program are refused without asking the store again: others are given back meanwhile. */
const APP_BLOCK_S = 1;

/** `blockSeconds`: how long a key over its limit is refused without asking the store; the window by default. */
type Limit = {
  variable: string;
  name: string;
  duration: number;
  blockSeconds?: number;
  isOnlyInRedis?: boolean;
};

const LIMITS: Readonly<Record<keyof RateLimitOptions, Limit>> = {
  loginsPerAddress: { variable: 'RATE_LIMIT_LOGINS_PER_ADDRESS', name: 'login-address', duration: MINUTE },
  loginsPerApp: {
    variable: 'RATE_LIMIT_LOGINS_PER_APP',
    name: 'login-app',
    duration: MINUTE,
    blockSeconds: APP_BLOCK_S,
  },
  failuresPerAddress: {
    variable: 'RATE_LIMIT_FAILURES_PER_ADDRESS',
    name: 'failure-address',
    duration: MINUTE,
    isOnlyInRedis: true,
  },
  failuresPerNetwork: {
    variable: 'RATE_LIMIT_FAILURES_PER_NETWORK',
    name: 'failure-network',
    duration: MINUTE,
    isOnlyInRedis: true,
  },
  phonesPerUser: { variable: 'RATE_LIMIT_PHONES_PER_USER', name: 'phone-user', duration: HOUR },
};

/** Counts in fixed windows. A limit that is reached is logged, at most once a minute. */
export function createRateLimits(
  options: RateLimitOptions,
  { log, store, metrics = NO_METRICS, now = Date.now }: RateLimitDependencies,
): RateLimits {
  const throttle = createThrottle(LOG_INTERVAL_MS, now);

  /** The limit of a mini program locks out everybody, so it is an error. */
  function reportReached(limit: keyof RateLimitOptions): void {
    metrics.rateLimited(LIMITS[limit].variable);
    const suppressed = throttle(limit);
    if (suppressed === null) return;
    const level = limit === 'loginsPerApp' ? 'error' : 'warn';
    log[level]({ rateLimit: { variable: LIMITS[limit].variable, suppressed } }, 'a rate limit was reached');
  }

  function createCounter(name: keyof RateLimitOptions): Counter | undefined {
    if (options[name] === 0) return undefined;
    const limit = LIMITS[name];
    const limiter = createLimiter(
      limit,
      options[name],
      limit.isOnlyInRedis && store?.kind !== 'redis' ? undefined : store,
    );
    return counterOf(limiter, () => reportReached(name));
  }

  const perAddress = createCounter('loginsPerAddress');
  const perApp = createCounter('loginsPerApp');
  const failedPerAddress = createCounter('failuresPerAddress');
  const failedPerNetwork = createCounter('failuresPerNetwork');
  const perUser = createCounter('phonesPerUser');

  const keysOf = createAddressKeys();

  return {
    // What is over a limit of its own does not consume the limit of the mini program.
    async login(address, appId) {
      const { client, network } = keysOf(address);
      return (
        (await failedPerAddress?.secondsBlocked(client)) ||
        (await failedPerNetwork?.secondsBlocked(network)) ||
        (await perAddress?.consume(client)) ||
        (await perApp?.consume(appId)) ||
        0
      );
    },
    async loginFailed(address, appId, reason) {
      await perApp?.giveBack(appId);
      if (reason !== 'REJECTED_CODE') return;
      const { client, network } = keysOf(address);
      await failedPerAddress?.consume(client);
      await failedPerNetwork?.consume(network);
    },
    phone: async (userId) => (await perUser?.consume(userId)) ?? 0,
  };
}

function createLimiter(
  { name, duration, blockSeconds }: Limit,
  points: number,
  store: CounterStore | undefined,
): RateLimiterAbstract {
  const memory = new RateLimiterMemory({ keyPrefix: name, points, duration });
  if (!store) return memory;
  const shared = {
    keyPrefix: name,
    points,
    duration,
    // A client over its limit is refused without asking the store.
    inMemoryBlockOnConsumed: points + 1,
    ...(blockSeconds === undefined ? {} : { inMemoryBlockDuration: blockSeconds }),
    insuranceLimiter: memory,
  };
  if (store.kind === 'redis')
    return new RateLimiterRedis({ ...shared, storeClient: store.client, rejectIfRedisNotReady: true });
  return new RateLimiterMySQL({
    ...shared,
    storeClient: store.pool,
    storeType: 'pool',
    dbName: store.database,
    tableName: TABLE,
    tableCreated: true,
  });
}

type Counter = {
  /** Returns the seconds to wait. */
  consume(key: string): Promise<number>;
  /** Returns the seconds to wait, without counting. */
  secondsBlocked(key: string): Promise<number>;
  giveBack(key: string): Promise<void>;
};

function counterOf(limiter: RateLimiterAbstract, onReached: () => void): Counter {
  return {
    async consume(key) {
      try {
        await limiter.consume(key);
        return 0;
      } catch (rejection) {
        if (!(rejection instanceof RateLimiterRes)) throw rejection;
        onReached();
        // The library counts what it refuses, but for what it refuses without asking the store.
        if (rejection.consumedPoints > 0) await limiter.reward(key);
        return secondsOf(rejection);
      }
    },
    async secondsBlocked(key) {
      const state = await limiter.get(key);
      if (!state || state.consumedPoints < limiter.points) return 0;
      onReached();
      return secondsOf(state);
    },
    async giveBack(key) {
      await limiter.reward(key);
    },
  };
}

function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000));
}
