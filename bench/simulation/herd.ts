import { createCluster, placeOptions } from './cluster.ts';
import { createEvents } from './events.ts';
import { PLACE, RETRY_AFTER, USE } from './inputs.ts';
import { p99Of } from './load.ts';
import { createRandom } from './random.ts';
import type { Outcome, RequestKind } from './server-process.ts';
import { trafficOf } from './sizing.ts';

/** What was wrong until the moment zero: WeChat, the database, or JWT_SECRET was replaced without keeping the old one. */
export type Outage = 'WECHAT' | 'DATABASE' | 'TOKENS';

export type HerdOptions = { outage: Outage; users: number; processes: number; maxCalls: number };

export type Recovery = {
  /** Users who want in at the moment zero. */
  waiting: number;
  /** In the busiest second, with those of other users. */
  attemptsPerSecond: number;
  /** In the busiest second: each is a call of WeChat. */
  loginsPerSecond: number;
  /** Of all attempts until the end of the recovery. */
  rejectedShare: number;
  /** Until 99 % of those who waited are logged in, or gave up. */
  seconds: number;
  gaveUpShare: number;
  meP99: number;
  /** Of the logins: counted in the memory of a process, because Redis was too slow. */
  withoutRedisShare: number;
};

const OUTAGE_SECONDS = 600;
const SECOND = 1000;
const MAX_SECONDS = 600;
/** The processes and cores of the database are simulated as one part of so many equal ones. */
export const PARTS = PLACE.databaseCores;

/** Users who try again, and those who come as always, from the end of an outage at the peak of a day. */
export function simulateHerd({ outage, users, processes, maxCalls }: HerdOptions): Recovery {
  const [events, random] = [createEvents(), createRandom(7)];
  const { peak, opensPerSecond } = trafficOf(users / PARTS);
  const cluster = createCluster(events, createRandom(8), {
    ...placeOptions(random, Math.ceil(processes / PARTS)),
    databaseCores: 1,
    redisSlowdown: PARTS,
    limits: { maxCalls },
    circuitClosesAt: () => (outage === 'WECHAT' ? random.next() * RETRY_AFTER.circuit * SECOND : 0),
  });
  const waiting = Math.round(waitingAt(outage, opensPerSecond));
  const count = { attempts: 0, logins: 0, loggedIn: 0, rejected: 0, resolved: 0, gaveUp: 0 };
  const meTimes: number[] = [];

  function attempt(kind: RequestKind, done: (outcome: Outcome) => void): void {
    const startedAt = events.now();
    count.attempts += 1;
    if (kind === 'login') count.logins += 1;
    cluster.submit(kind, (outcome) => {
      if (outcome !== 'OK') count.rejected += 1;
      else if (kind === 'login') count.loggedIn += 1;
      else meTimes.push(events.now() - startedAt);
      done(outcome);
    });
  }

  /** The client retries once, after Retry-After; then the user tries again, or gives up. */
  function act(kind: RequestKind, end: (isOk: boolean) => void): void {
    const givesUpAt = events.now() + random.exponential(USE.patienceSeconds * SECOND);
    const tryOnce = (isRetry: boolean) =>
      attempt(kind, (outcome) => {
        if (outcome === 'OK') end(true);
        else if (!isRetry) events.after(retryAfterMs(outcome), () => tryOnce(true));
        else if (events.now() > givesUpAt) end(false);
        else events.after(random.exponential(USE.retrySeconds * SECOND), () => tryOnce(false));
      });
    tryOnce(false);
  }

  function retryAfterMs(outcome: Outcome): number {
    if (outcome === 'UNAVAILABLE') return RETRY_AFTER.circuit * SECOND;
    return SECOND * (1 + Math.floor(random.next() * RETRY_AFTER.overloaded));
  }

  function open(needsLogin: boolean, end: (isOk: boolean) => void): void {
    const read = () => {
      for (let i = 0; i < USE.requestsPerOpen; i++)
        events.after(random.next() * USE.secondsInApp * SECOND, () => act('me', () => undefined));
    };
    act(needsLogin ? 'login' : 'me', (isOk) => {
      if (isOk) read();
      end(isOk);
    });
  }

  function arrive(kind: RequestKind): void {
    act(kind, () => undefined);
    events.after(random.exponential(SECOND / peak[kind]), () => arrive(kind));
  }

  arrive('me');
  arrive('login');
  const spreadSeconds = outage === 'TOKENS' ? USE.secondsInApp / USE.requestsPerOpen : USE.retrySeconds;
  for (let i = 0; i < waiting; i++) {
    const needsLogin = outage !== 'DATABASE' || random.next() < USE.loginShare;
    events.after(random.exponential(spreadSeconds * SECOND), () =>
      open(needsLogin, (isOk) => {
        count.resolved += 1;
        if (!isOk) count.gaveUp += 1;
      }),
    );
  }

  const busiest = { attempts: 0, loggedIn: 0 };
  let seconds = 0;
  while (count.resolved < 0.99 * waiting && seconds < MAX_SECONDS) {
    const before = { ...count };
    seconds += 1;
    events.runUntil(seconds * SECOND);
    busiest.attempts = Math.max(busiest.attempts, count.attempts - before.attempts);
    busiest.loggedIn = Math.max(busiest.loggedIn, count.loggedIn - before.loggedIn);
  }
  return {
    waiting: waiting * PARTS,
    attemptsPerSecond: busiest.attempts * PARTS,
    loginsPerSecond: busiest.loggedIn * PARTS,
    rejectedShare: count.rejected / count.attempts,
    seconds,
    gaveUpShare: count.gaveUp / waiting,
    meP99: p99Of(meTimes),
    withoutRedisShare: cluster.load().withoutRedis / count.logins,
  };
}

/** Those who came during the outage and did not give up; or who are in the app when all tokens become invalid. */
function waitingAt(outage: Outage, opensPerSecond: number): number {
  if (outage === 'TOKENS') return opensPerSecond * USE.secondsInApp;
  const patient = USE.patienceSeconds * (1 - Math.exp(-OUTAGE_SECONDS / USE.patienceSeconds));
  return opensPerSecond * (outage === 'WECHAT' ? USE.loginShare : 1) * patient;
}
