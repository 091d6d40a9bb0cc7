import { createEvents } from './events.ts';
import { createRandom } from './random.ts';
import { createStation } from './station.ts';

/** A queue whose mean wait is known: Poisson arrivals, and constant (D) or exponential (M) service times. */
export type Queue = { service: 'D' | 'M'; servers: number; utilization: number };

export const QUEUES: readonly Queue[] = [
  { service: 'D', servers: 1, utilization: 0.5 },
  { service: 'D', servers: 1, utilization: 0.8 },
  { service: 'M', servers: 1, utilization: 0.7 },
  { service: 'M', servers: 8, utilization: 0.8 },
];

/** Milliseconds. */
const SERVICE = 1;
const ARRIVALS = 400_000;

/** The mean wait before service, as the stations of the simulation have it. */
export function simulatedWait({ service, servers, utilization }: Queue, seed = 1): number {
  const [events, random] = [createEvents(), createRandom(seed)];
  const station = createStation(events, servers);
  const interval = SERVICE / utilization / servers;
  let arrived = 0;
  let waited = 0;
  const arrive = () => {
    const ms = service === 'D' ? SERVICE : random.exponential(SERVICE);
    const startedAt = events.now();
    station.serve(ms, () => {
      waited += events.now() - startedAt - ms;
    });
    arrived += 1;
    if (arrived < ARRIVALS) events.after(random.exponential(interval), arrive);
  };
  arrive();
  events.runUntil(Number.MAX_VALUE);
  return waited / ARRIVALS;
}

/** Pollaczek and Khinchine for M/D/1, Erlang C for M/M/c. */
export function theoreticalWait({ service, servers, utilization }: Queue): number {
  if (service === 'D') return (utilization * SERVICE) / (2 * (1 - utilization));
  return (erlangC(servers, utilization) * SERVICE) / (servers * (1 - utilization));
}

/** The probability that all servers are busy. */
function erlangC(servers: number, utilization: number): number {
  const offered = servers * utilization;
  let term = 1;
  let free = 0;
  for (let i = 0; i < servers; i++) {
    free += term;
    term *= offered / (i + 1);
  }
  const busy = term / (1 - utilization);
  return busy / (free + busy);
}
