import ipaddr from 'ipaddr.js';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterMySQL,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Clock } from '../common/clock.ts';
import { createThrottle } from '../common/throttle.ts';
import type { Log } from './log.ts';

/** Limits; 0 disables one. */
export type RateLimitOptions = {
  /** Logins a minute from one client address or IPv6 network. Users of one office or mobile gateway share it. */
  loginsPerAddress: number;
  /** Logins a minute into one mini program. */
  loginsPerApp: number;
  /** Phone numbers an hour that one user may request from WeChat. */
  phonesPerUser: number;
};

/** Each call counts one attempt and returns the seconds to wait: 0 if it is allowed. */
export type RateLimits = {
  login(address: string, appId: string): Promise<number>;
  phone(userId: string): Promise<number>;
};

/** A callback-style MySQL pool whose database has the table `rate_limit`. */
export type CounterStore = { pool: object; database: string };

const MINUTE = 60;
const HOUR = 3600;
const TABLE = 'rate_limit';

export type RateLimitDependencies = {
  log: Log;
  /**
   * Shared by several replicas; while it fails each replica counts in memory. Without it N replicas allow N times as
   * much.
   */
  store?: CounterStore | undefined;
  now?: Clock;
};

const LOG_INTERVAL_MS = 60_000;

const VARIABLES = {
  loginsPerAddress: 'RATE_LIMIT_LOGINS_PER_ADDRESS',
  loginsPerApp: 'RATE_LIMIT_LOGINS_PER_APP',
  phonesPerUser: 'RATE_LIMIT_PHONES_PER_USER',
} as const;

/** Counts in fixed windows. A limit that is reached is logged, at most once a minute. */
export function createRateLimits(
  options: RateLimitOptions,
  { log, store, now = Date.now }: RateLimitDependencies,
): RateLimits {
  const throttle = createThrottle(LOG_INTERVAL_MS, now);

  /** Returns the seconds to wait. */
  async function consume(
    limit: keyof RateLimitOptions,
    limiter: RateLimiterAbstract | undefined,
    key: string,
  ): Promise<number> {
    try {
      await limiter?.consume(key);
      return 0;
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      const suppressed = throttle(limit);
      if (suppressed !== null)
        log.warn({ rateLimit: { variable: VARIABLES[limit], suppressed } }, 'a rate limit was reached');
      return Math.max(1, Math.ceil(rejection.msBeforeNext / 1000));
    }
  }

  const createLimiter = (name: string, points: number, duration: number): RateLimiterAbstract | undefined => {
    if (points === 0) return undefined;
    const memory = new RateLimiterMemory({ keyPrefix: name, points, duration });
    if (!store) return memory;
    return new RateLimiterMySQL({
      storeClient: store.pool,
      storeType: 'pool',
      dbName: store.database,
      tableName: TABLE,
      tableCreated: true,
      keyPrefix: name,
      points,
      duration,
      // A client over its limit is refused without a database query.
      inMemoryBlockOnConsumed: points + 1,
      insuranceLimiter: memory,
    });
  };
  const perAddress = createLimiter('login-address', options.loginsPerAddress, MINUTE);
  const perApp = createLimiter('login-app', options.loginsPerApp, MINUTE);
  const perUser = createLimiter('phone-user', options.phonesPerUser, HOUR);
  return {
    // An address over its own limit does not consume the limit of the app.
    login: async (address, appId) =>
      (await consume('loginsPerAddress', perAddress, networkOf(address))) ||
      (await consume('loginsPerApp', perApp, appId)),
    phone: (userId) => consume('phonesPerUser', perUser, userId),
  };
}

/** The IPv4 address (also of an IPv4-mapped one), or the /64 of an IPv6 address: one home owns all of it. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const prefix = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${prefix.join(':')}::/64`;
}
