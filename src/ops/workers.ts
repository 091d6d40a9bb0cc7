import cluster, { type Worker } from 'node:cluster';
import type { Log } from './log.ts';

/** Several processes that share a port. They share nothing else: limits and repeated logins are counted in each. */
export type Workers = {
  /**
   * Starts one, and the others when it listens, so that a wrong setting is reported once.
   * @returns the port
   * @throws {WorkerFailure}
   */
  start(): Promise<number>;
  /** Lets all finish their requests and end. */
  stop(): Promise<void>;
};

/** The first worker ended before it listened. It has printed why. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
}

/** The message by which a worker that listens is asked to end. A signal would reach it twice when it comes from a terminal. */
export const SHUT_DOWN = 'shut down';

const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;
/** A worker that ran as long as this did not fail at its start. */
const STABLE_MS = 60_000;

/** Runs copies of this process. One that ends is replaced, with a delay that doubles while they end at once. */
export function createWorkers(count: number, log: Log): Workers {
  const running = new Map<Worker, Promise<void>>();
  const listening = new WeakSet<Worker>();
  let isStarted = false;
  let isStopping = false;
  let failures = 0;

  function replace(worker: Worker, startedAt: number, code: number | null, signal: string | null): void {
    if (!isStarted || isStopping) return;
    failures = performance.now() - startedAt > STABLE_MS ? 0 : failures + 1;
    const delayMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.max(0, failures - 1));
    log.error(
      { worker: { pid: worker.process.pid, code, signal, delayMs } },
      'a worker ended: starting another',
    );
    setTimeout(() => {
      if (!isStopping) fork().catch(() => undefined);
    }, delayMs);
  }

  function fork(): Promise<number> {
    const startedAt = performance.now();
    const worker = cluster.fork();
    return new Promise((resolve, reject) => {
      worker.once('listening', ({ port }) => {
        listening.add(worker);
        resolve(port);
      });
      const ended = new Promise<void>((done) => {
        worker.once('exit', (code: number | null, signal: string | null) => {
          running.delete(worker);
          reject(new WorkerFailure());
          replace(worker, startedAt, code, signal);
          done();
        });
      });
      running.set(worker, ended);
    });
  }

  return {
    async start() {
      const port = await fork();
      isStarted = true;
      await Promise.allSettled(Array.from({ length: count - 1 }, fork));
      return port;
    },
    async stop() {
      isStopping = true;
      for (const worker of running.keys())
        if (listening.has(worker)) worker.send(SHUT_DOWN, () => undefined);
        else worker.process.kill();
      await Promise.all(running.values());
    },
  };
}
