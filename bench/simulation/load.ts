import { type Cluster, type ClusterOptions, createCluster, placeOptions } from './cluster.ts';
import { createEvents, type Events } from './events.ts';
import { createRandom } from './random.ts';
import type { RequestKind } from './server-process.ts';

/** Requests a second. */
export type Rates = Record<RequestKind, number>;

export type LoadResult = {
  /** Milliseconds; of `login` without the time of WeChat. */
  meP99: number;
  loginP99: number;
  requestsPerSecond: number;
  /** Of the requests that were responded to. */
  failedShare: number;
  /** Of one core, the mean of all processes. */
  coreShare: number;
  databaseCores: number;
  statementsPerSecond: number;
  commitsPerSecond: number;
  statementsPerRequest: number;
};

/** Of the time, at the beginning: not counted. */
const WARM_UP = 0.1;

const SEED = 1;

/** Requests that arrive at random, whatever becomes of them: a Poisson process. */
export function simulateRates(
  rates: Rates,
  processes: number,
  seconds: number,
  more: Partial<ClusterOptions> = {},
): LoadResult {
  const random = createRandom(SEED);
  const total = rates.me + rates.login;
  const options = { ...placeOptions(random, processes), ...more };
  return simulate(options, 1000 * seconds, (cluster, events, note) => {
    const arrive = () => {
      note(cluster, random.next() * total < rates.login ? 'login' : 'me');
      events.after(random.exponential(1000 / total), arrive);
    };
    arrive();
  });
}

/** As wrk does: each connection sends a request when it has the response to the one before. */
export function simulateConnections(
  kind: RequestKind,
  connections: number,
  options: ClusterOptions,
  ms: number,
): LoadResult {
  return simulate(options, ms, (cluster, _events, note) => {
    const send = () => note(cluster, kind, send);
    for (let i = 0; i < connections; i++) send();
  });
}

type Note = (cluster: Cluster, kind: RequestKind, then?: () => void) => void;

function simulate(
  options: ClusterOptions,
  ms: number,
  start: (cluster: Cluster, events: Events, note: Note) => void,
): LoadResult {
  const events = createEvents();
  const cluster = createCluster(events, createRandom(SEED + 1), options);
  const times: Record<RequestKind, number[]> = { me: [], login: [] };
  const warmUpMs = ms * WARM_UP;
  let failed = 0;
  const note: Note = (to, kind, then) => {
    const startedAt = events.now();
    to.submit(kind, (outcome, wechatMs) => {
      if (startedAt >= warmUpMs) {
        if (outcome === 'OK') times[kind].push(events.now() - startedAt - wechatMs);
        else failed += 1;
      }
      then?.();
    });
  };
  start(cluster, events, note);
  events.runUntil(warmUpMs);
  const before = cluster.load();
  events.runUntil(ms);
  const load = cluster.load();
  const seconds = (ms - warmUpMs) / 1000;
  const ok = times.me.length + times.login.length;
  const statements = load.statements - before.statements;
  return {
    meP99: p99Of(times.me),
    loginP99: p99Of(times.login),
    requestsPerSecond: ok / seconds,
    failedShare: failed / Math.max(1, failed + ok),
    coreShare: (load.serverMs - before.serverMs) / 1000 / seconds / options.processes,
    databaseCores: (load.databaseMs - before.databaseMs) / 1000 / seconds,
    statementsPerSecond: statements / seconds,
    commitsPerSecond: (load.commits - before.commits) / seconds,
    statementsPerRequest: statements / ok,
  };
}

export function p99Of(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}
