import { isIPv6 } from 'node:net';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterMySQL,
  RateLimiterRes,
} from 'rate-limiter-flexible';

/** How often something may be done; 0 lifts a limit. */
export type RateLimitOptions = {
  /** Logins a minute from one client address: of a home, an office, or the mobile users behind one gateway. */
  loginsPerAddress: number;
  /** Logins a minute into one mini program. */
  loginsPerApp: number;
  /** Phone numbers an hour that one user may ask WeChat for; each costs money. */
  phonesPerUser: number;
};

/** Each call counts one try, and answers how many seconds to wait: 0 where it may go on. */
export type RateLimits = {
  login(address: string, appId: string): Promise<number>;
  phone(userId: string): Promise<number>;
};

/** A pool of MySQL connections in the manner of callbacks, with the table `rate_limit`. */
export type CounterStore = { pool: object; database: string };

const MINUTE = 60;
const HOUR = 3600;
const TABLE = 'rate_limit';

/**
 * Counts in windows of a fixed length.
 * @param store where several replicas count together. While it fails each counts for itself. Without it the
 * counters are in memory, so N replicas let N times as much through.
 */
export function createRateLimits(options: RateLimitOptions, store?: CounterStore): RateLimits {
  const limiter = (name: string, points: number, duration: number): RateLimiterAbstract | undefined => {
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
      // Who is over the limit is refused without asking the database again.
      inMemoryBlockOnConsumed: points + 1,
      insuranceLimiter: memory,
    });
  };
  const perAddress = limiter('login-address', options.loginsPerAddress, MINUTE);
  const perApp = limiter('login-app', options.loginsPerApp, MINUTE);
  const perUser = limiter('phone-user', options.phonesPerUser, HOUR);
  return {
    // One address that is over its limit uses nothing of the limit that all share.
    login: async (address, appId) =>
      (await wait(perAddress, network(address))) || (await wait(perApp, appId)),
    phone: (userId) => wait(perUser, userId),
  };
}

async function wait(limiter: RateLimiterAbstract | undefined, key: string): Promise<number> {
  try {
    await limiter?.consume(key);
    return 0;
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
    throw refusal;
  }
}

/** An IPv4 address, or the first 64 bits of an IPv6 address: a home has all the others to choose from. */
export function network(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail ? tail.split(':') : [];
  const filled = [...groups, ...Array(8 - groups.length - last.length).fill('0'), ...last];
  return `${filled.slice(0, 4).join(':')}::/64`;
}
