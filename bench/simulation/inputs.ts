/** A row of docs/performance.md: our server on MariaDB, by the number of connections of the load. */
type Measured = {
  /** Milliseconds that WeChat takes; null for `me`. */
  wechatMs: number | null;
  connections: number;
  requestsPerSecond: number;
  cpuUs: number;
  statements: number;
  /** Of one core. */
  databaseShare: number;
};

/** The date of the measurements of docs/performance.md that these are. */
export const MEASURED_ON = '2026-11-25';

/** `npm run bench -- --write`, one core for the server: the rows of `ours`. */
export const MEASURED: readonly Measured[] = [
  measured(null, 1, 1748, 384, 1, 0.18),
  measured(null, 64, 14_361, 68, 0.04, 0.18),
  measured(null, 256, 12_180, 82, 0.03, 0.14),
  measured(0, 1, 575, 1094, 2, 0.23),
  measured(0, 64, 3733, 244, 0.24, 0.37),
  measured(0, 256, 3387, 278, 0.21, 0.39),
  measured(50, 64, 1076, 445, 0.52, 0.21),
  measured(50, 256, 1368, 480, 0.39, 0.22),
];

function measured(...row: [number | null, number, number, number, number, number]): Measured {
  const [wechatMs, connections, requestsPerSecond, cpuUs, statements, databaseShare] = row;
  return { wechatMs, connections, requestsPerSecond, cpuUs, statements, databaseShare };
}

/** CPU microseconds of a request at a rate a second: `node --import tsx bench/rates.ts` of 2026-11-28. */
export const MEASURED_RATES = [
  { kind: 'me', rate: 200, cpuUs: 391 },
  { kind: 'me', rate: 1000, cpuUs: 183 },
  { kind: 'me', rate: 2000, cpuUs: 135 },
  { kind: 'me', rate: 4000, cpuUs: 86 },
  { kind: 'me', rate: 8000, cpuUs: 67 },
  { kind: 'login', rate: 200, cpuUs: 769 },
  { kind: 'login', rate: 500, cpuUs: 443 },
  { kind: 'login', rate: 800, cpuUs: 354 },
] as const;

/** Measured by `node --import tsx bench/footprint.ts` on 2026-11-28. */
export const FOOTPRINT = {
  /** Bytes of a row with its indexes: with a profile; with unionid and phone number, added later and after a rebuild. */
  rowBytes: 667,
  rowBytesGrown: 1413,
  rowBytesRebuilt: 777,
  dumpBytes: 443,
  /** Seconds for all 200,000 rows, on two cores that other programs used: the fastest and the slowest of four runs. */
  users: 200_000,
  rebuildSeconds: [2.0, 5.5],
  indexSeconds: [0.2, 1.1],
  dumpSeconds: [0.8, 2.5],
  /** Commands of Redis for a login with an Idempotency-Key, with those in transactions and scripts. */
  redisCommands: 18,
  /** CPU of Redis for a login: with 50 logins at once, and one after another. */
  redisUs: 61,
  redisUsAlone: 180,
  /** What a login costs the server more with Redis, 50 at once. */
  redisServerUs: 125,
};

/** Assumptions: nobody measured these. Replace them by figures of your mini program, and run the command again. */
export const USE = {
  /** Of all users, those who open the mini program on a day. */
  activeShare: 0.2,
  opensPerDay: 4,
  /** Of the opens, those more than TOKEN_TTL after the last one: these log in. */
  loginShare: 0.8,
  /** Requests that cost as much as `me`, for each open. */
  requestsPerOpen: 5,
  /** The busiest seconds of a day, by its average. */
  peakFactor: 4,
  /** How many of the users are in the app at once is their rate times this. */
  secondsInApp: 180,
  /** A user whose request failed tries again after this time on average… */
  retrySeconds: 10,
  /** … and gives up after this time on average. */
  patienceSeconds: 120,
};

/** Assumptions about a data center. */
export const PLACE = {
  /** Milliseconds to the database or Redis and back. */
  roundTripMs: 0.5,
  /** Milliseconds until a commit is on disk, with innodb_flush_log_at_trx_commit=1. The bench does not wait for it. */
  commitMs: 2,
  databaseCores: 8,
  /** The time of jscode2session. WeChat was never called. */
  wechatMedianMs: 80,
  wechatP99Ms: 500,
  /** CPU of a request that is rejected, or fails because the circuit is open. */
  rejectionUs: 40,
};

/** What is required: p99 of `me`, and of `login` without the time of WeChat, with one process lost. */
export const GOAL = {
  meP99Ms: 50,
  loginP99Ms: 100,
  /** Of requests that fail. */
  failedShare: 0.001,
  /** Times the peak: the simulation has no garbage collection, no noisy neighbors, and exact rates. */
  headroom: 1.5,
};

/** Peak factors of days that are not like others, with and without Redis. */
export const BURSTS = [
  { peakFactor: 4, hasRedis: true },
  { peakFactor: 8, hasRedis: true },
  { peakFactor: 16, hasRedis: true },
  { peakFactor: 16, hasRedis: false },
] as const;

export const SCALES = [100_000, 1_000_000, 10_000_000, 100_000_000] as const;

/** The defaults of the server that matter here: docs/configuration.md. */
export const DEFAULTS = {
  poolSize: 10,
  maxCalls: 100,
  timeoutMs: 5000,
  maxInFlight: 1000,
  maxLoopDelayMs: 200,
};

/** Seconds of the Retry-After of status 503: 1 to this, at random. And of an open circuit. */
export const RETRY_AFTER = { overloaded: 3, circuit: 3 };
