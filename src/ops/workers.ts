import cluster, { type Worker } from 'node:cluster';
import type { Log } from './log.ts';

/** Several processes that share a port, but no memory. */
export type Workers = {
  /**
   * Starts one, and the others when it listens, so that a wrong setting is reported once. Waits until all listen or
   * have ended.
   * @returns the port
   * @throws {WorkerFailure}
   */
  start(): Promise<number>;
  /** Sends a message to all that listen. */
  send(message: string): void;
  /** Lets all finish their requests and end. */
  stop(): Promise<void>;
};

/** The first worker ended before it listened: it has printed why, or was killed. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
  /** The signal that killed it. */
  readonly signal: string | null;

  constructor(signal: string | null) {
    super(`the first worker ended before it listened (${signal ?? 'it failed'})`);
    this.signal = signal;
  }
}

/** The messages by which a worker that listens is asked to end, and to read its secrets again. */
export const SHUT_DOWN = 'shut down';
export const RELOAD = 'reload';

const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;

/** Runs copies of this process. One that ends is replaced, with a delay that doubles while they end before they listen. */
export function createWorkers(count: number, log: Log): Workers {
  const running = new Map<Worker, Promise<void>>();
  const listening = new WeakSet<Worker>();
  let isStarted = false;
  let isStopping = false;
  let failedStarts = 0;

  function replace(worker: Worker, reason: object): void {
    if (!isStarted || isStopping) return;
    failedStarts = listening.has(worker) ? 0 : failedStarts + 1;
    const delayMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.max(0, failedStarts - 1));
    log.error(
      { worker: { pid: worker.process.pid ?? null, ...reason, delayMs } },
      'a worker ended: starting another',
    );
    setTimeout(() => {
      if (!isStopping) fork().catch(() => undefined);
    }, delayMs);
  }

  function fork(): Promise<number> {
    const worker = cluster.fork();
    return new Promise((resolve, reject) => {
      worker.once('listening', ({ port }) => {
        listening.add(worker);
        resolve(port);
      });
      const ended = new Promise<void>((done) => {
        const end = (reason: object, signal: string | null) => {
          if (!running.delete(worker)) return;
          reject(new WorkerFailure(signal));
          replace(worker, reason);
          done();
        };
        worker.once('exit', (code: number | null, signal: string | null) => end({ code, signal }, signal));
        // A process that cannot be started has an error and no exit.
        worker.on('error', (error) => {
          if (worker.process.pid === undefined) end({ err: error.name }, null);
        });
      });
      running.set(worker, ended);
    });
  }

  /** What a worker that ends does not receive is not an error. */
  function send(message: string): void {
    for (const worker of running.keys()) if (listening.has(worker)) worker.send(message, () => undefined);
  }

  return {
    async start() {
      const port = await fork();
      isStarted = true;
      await Promise.allSettled(Array.from({ length: count - 1 }, fork));
      return port;
    },
    send,
    async stop() {
      isStopping = true;
      send(SHUT_DOWN);
      for (const worker of running.keys()) if (!listening.has(worker)) worker.process.kill();
      await Promise.all(running.values());
    },
  };
}
