import { COSTS, COSTS_WITHOUT_REDIS, FITS } from './costs.ts';
import type { Events } from './events.ts';
import { DEFAULTS, PLACE } from './inputs.ts';
import type { Random } from './random.ts';
import { createRedis } from './redis.ts';
import {
  createServerProcess,
  type Limits,
  type Outcome,
  type RequestKind,
  type ServerProcess,
  type StatementKind,
} from './server-process.ts';
import { createStation } from './station.ts';

export type ClusterOptions = {
  processes: number;
  databaseCores: number;
  roundTripMs: number;
  commitMs: number;
  /** Null without Redis; otherwise how many times slower it is. */
  redisSlowdown: number | null;
  /** Other than the defaults of the server. */
  limits?: Partial<Limits>;
  /** The time of one call of WeChat. */
  drawWeChatMs(): number;
  /** When the circuit of a process closes; 0 if it was never open. */
  circuitClosesAt?: (process: number) => number;
};

/** Processes behind a load balancer, with one database. */
export type Cluster = {
  submit(kind: RequestKind, done: (outcome: Outcome, wechatMs: number) => void): void;
  load(): ClusterLoad;
};

export type ClusterLoad = {
  serverMs: number;
  databaseMs: number;
  statements: number;
  commits: number;
  /** Logins that Redis was too slow for. */
  withoutRedis: number;
};

const NO_REDIS = { beforeMs: () => 0, afterMs: () => 0, skipped: () => 0 };

export function createCluster(events: Events, random: Random, options: ClusterOptions): Cluster {
  const database = createStation(events, options.databaseCores);
  const redis = options.redisSlowdown === null ? NO_REDIS : createRedis(events, options.redisSlowdown);
  const costs = options.redisSlowdown === null ? COSTS_WITHOUT_REDIS : COSTS;
  const count = { statements: 0, commits: 0 };

  function runStatement(kind: StatementKind, rows: number, done: () => void): void {
    const commitMs = kind === 'enrol' ? options.commitMs : 0;
    count.statements += 1;
    if (kind === 'enrol') count.commits += 1;
    const ms = databaseMs(kind, rows);
    events.after(options.roundTripMs / 2, () =>
      database.serve(ms, () => events.after(commitMs + options.roundTripMs / 2, done)),
    );
  }

  const processes: ServerProcess[] = Array.from({ length: options.processes }, (_, i) => {
    const closesAt = options.circuitClosesAt?.(i) ?? 0;
    const upstreams = {
      redis,
      statement: runStatement,
      exchangeCode: (done: () => void) => events.after(options.drawWeChatMs(), done),
      isCircuitOpen: () => events.now() < closesAt,
    };
    return createServerProcess(events, upstreams, costs, { ...DEFAULTS, ...options.limits });
  });

  return {
    submit: (kind, done) => processes[Math.floor(random.next() * processes.length)]?.submit(kind, done),
    load: () => ({
      serverMs: processes.reduce((total, one) => total + one.busyMs(), 0),
      databaseMs: database.busyMs(),
      withoutRedis: redis.skipped(),
      ...count,
    }),
  };
}

/** The rows of a login are in two statements: the upsert, and the one that reads them back. */
function databaseMs(kind: StatementKind, rows: number): number {
  const { request, statement } = FITS[kind === 'read' ? 'me' : 'login'].database;
  return (statement + rows * request * (kind === 'read' ? 1 : 0.5)) / 1000;
}

/** As the assumptions say. */
export function placeOptions(random: Random, processes: number): ClusterOptions {
  return {
    processes,
    databaseCores: PLACE.databaseCores,
    roundTripMs: PLACE.roundTripMs,
    commitMs: PLACE.commitMs,
    redisSlowdown: 1,
    drawWeChatMs: () => random.lognormal(PLACE.wechatMedianMs, PLACE.wechatP99Ms),
  };
}
