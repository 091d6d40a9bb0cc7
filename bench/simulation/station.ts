import type { Events } from './events.ts';

/** Some permits, and a queue of those who wait for one, first come first served. */
export type Permits = {
  /** @returns false if the queue is full */
  acquire(start: () => void): boolean;
  release(): void;
};

export function createPermits(count: number, maxQueue = Number.POSITIVE_INFINITY): Permits {
  let free = count;
  let waiting: (() => void)[] = [];
  let first = 0;
  return {
    acquire(start) {
      if (free > 0) {
        free -= 1;
        start();
      } else if (waiting.length - first < maxQueue) waiting.push(start);
      else return false;
      return true;
    },
    release() {
      const next = waiting[first];
      if (!next) {
        free += 1;
        return;
      }
      first += 1;
      if (first > 1000 && first * 2 > waiting.length) {
        waiting = waiting.slice(first);
        first = 0;
      }
      next();
    },
  };
}

/** Servers that share one queue, such as the cores of a database. */
export type Station = {
  serve(ms: number, done: () => void): void;
  /** Milliseconds of work that all servers together have started. */
  busyMs(): number;
};

export function createStation(events: Events, servers: number): Station {
  const permits = createPermits(servers);
  let busyMs = 0;
  return {
    serve(ms, done) {
      permits.acquire(() => {
        busyMs += ms;
        events.after(ms, () => {
          permits.release();
          done();
        });
      });
    },
    busyMs: () => busyMs,
  };
}
