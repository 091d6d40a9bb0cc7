import { COSTS } from './costs.ts';
import { GOAL, USE } from './inputs.ts';
import { type LoadResult, type Rates, simulateRates } from './load.ts';

const SECONDS_PER_DAY = 86_400;
/** For the search, and for the figures that are printed. */
const REQUESTS = { search: 20_000, figures: 60_000 };
const MIN_SECONDS = 1.5;
const STEPS = 8;
const AUTOSCALER_SHARE = 0.7;
/** Times the cores that the requests need without statements: then processes are not what is missing. */
const MAX_SHARE = { goal: 3, autoscaler: 8 };

export type Traffic = { average: Rates; peak: Rates; opensPerSecond: number };

/** The requests of so many users, by the assumptions. */
export function trafficOf(users: number, peakFactor = USE.peakFactor): Traffic {
  const opens = (users * USE.activeShare * USE.opensPerDay) / SECONDS_PER_DAY;
  const average = { me: opens * USE.requestsPerOpen, login: opens * USE.loginShare };
  return { average, peak: times(average, peakFactor), opensPerSecond: opens * peakFactor };
}

export function times({ me, login }: Rates, factor: number): Rates {
  return { me: me * factor, login: login * factor };
}

function run(rates: Rates, processes: number, requests: number, hasRedis = true): LoadResult {
  const seconds = Math.max(requests / (rates.me + rates.login), MIN_SECONDS);
  return simulateRates(rates, processes, seconds, hasRedis ? {} : { redisSlowdown: null });
}

function isGood({ meP99, loginP99, failedShare }: LoadResult): boolean {
  return meP99 <= GOAL.meP99Ms && loginP99 <= GOAL.loginP99Ms && failedShare <= GOAL.failedShare;
}

/** The fewest that are enough when one of them is lost; null if no number of processes is. */
export function processesFor(peak: Rates, hasRedis = true): number | null {
  const rates = times(peak, GOAL.headroom);
  const enough = fewest(
    rates,
    (count) => isGood(run(rates, count, REQUESTS.search, hasRedis)),
    MAX_SHARE.goal,
  );
  return enough === null ? null : enough + 1;
}

/** The fewest whose cores are busy for at most the share that deploy/kubernetes/deployment.yaml aims at. */
export function processesOfAutoscaler(peak: Rates): number | null {
  return fewest(
    peak,
    (count) => run(peak, count, REQUESTS.search).coreShare <= AUTOSCALER_SHARE,
    MAX_SHARE.autoscaler,
  );
}

/** Counts up from what the requests take without any statement. */
function fewest({ me, login }: Rates, isEnough: (count: number) => boolean, maxShare: number): number | null {
  const cores = (me * COSTS.request.me + login * COSTS.request.login) / 1000;
  let few = Math.floor(cores);
  let enough = Math.max(1, Math.ceil(cores));
  for (let step = 1; !isEnough(enough); step *= 2) {
    few = enough;
    enough += step;
    if (enough > maxShare * (cores + 1)) return null;
  }
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (isEnough(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

/** The peak, with so many processes. */
export function figuresOf(peak: Rates, processes: number, hasRedis = true): LoadResult {
  return run(peak, processes, REQUESTS.figures, hasRedis);
}

/** The most requests a second of such a mix that one process serves, without headroom. */
export function mostOf(mix: Rates): Rates {
  const total = mix.me + mix.login;
  let [good, bad] = [100 / total, 100_000 / total];
  for (let step = 0; step < STEPS; step++) {
    const middle = Math.sqrt(good * bad);
    if (isGood(run(times(mix, middle), 1, REQUESTS.search))) good = middle;
    else bad = middle;
  }
  return times(mix, good);
}
