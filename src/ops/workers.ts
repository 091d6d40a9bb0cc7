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
  /** Those that listen, by their position, which a worker that takes the place of another has too. */
  listening(): ReadonlyMap<number, Worker>;
  /** How many have ended and were replaced. */
  replaced(): number;
  /** Gives all new values of these variables, those that start later, too. */
  setVariables(variables: Variables): void;
  /** Lets all finish their requests and end. */
  stop(): Promise<void>;
};

export type Variables = Readonly<Record<string, string | undefined>>;

/** What a supervisor sends to a worker that listens. */
export type WorkerMessage =
  | { type: 'shut down' }
  | { type: 'variables'; variables: Variables }
  | { type: 'metrics'; id: number; position: number };

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

const MIN_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;
/** A worker that ends sooner has failed to start. */
const MIN_RUN_MS = 10_000;

type Running = { worker: Worker; position: number; ended: Promise<void>; listensSince: number | null };

/**
 * Runs copies of this process. One that ends is replaced, with a delay that doubles while they end soon.
 * @param environment of the workers
 */
export function createWorkers(count: number, environment: Variables, log: Log): Workers {
  const running = new Map<Worker, Running>();
  let variables: Variables = environment;
  let isStarted = false;
  let isStopping = false;
  let failedStarts = 0;
  let replaced = 0;

  function replace({ worker, position, listensSince }: Running, reason: object): void {
    if (!isStarted || isStopping) return;
    const hasRun = listensSince !== null && performance.now() - listensSince > MIN_RUN_MS;
    failedStarts = hasRun ? 0 : failedStarts + 1;
    replaced += 1;
    const delayMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.max(0, failedStarts - 1));
    log.error(
      { worker: { pid: worker.process.pid ?? null, ...reason, delayMs } },
      'a worker ended: starting another',
    );
    setTimeout(() => {
      if (!isStopping) fork(position).catch(() => undefined);
    }, delayMs);
  }

  function fork(position: number): Promise<number> {
    const given = variables;
    const worker = cluster.fork(given);
    return new Promise((resolve, reject) => {
      const ended = new Promise<void>((done) => {
        const end = (reason: object, signal: string | null) => {
          const state = running.get(worker);
          if (!state) return;
          running.delete(worker);
          reject(new WorkerFailure(signal));
          replace(state, reason);
          done();
        };
        worker.once('exit', (code: number | null, signal: string | null) => end({ code, signal }, signal));
        // A process that cannot be started has an error and no exit.
        worker.on('error', (error) => {
          if (worker.process.pid === undefined) end({ err: error.name }, null);
        });
      });
      const state: Running = { worker, position, ended, listensSince: null };
      running.set(worker, state);
      worker.once('listening', ({ port }) => {
        state.listensSince = performance.now();
        // They were changed while it started.
        if (variables !== given) send(worker, { type: 'variables', variables });
        resolve(port);
      });
    });
  }

  function listening(): ReadonlyMap<number, Worker> {
    const states = [...running.values()].filter(({ listensSince }) => listensSince !== null);
    return new Map(states.map(({ position, worker }) => [position, worker]));
  }

  return {
    async start() {
      const port = await fork(1);
      isStarted = true;
      await Promise.allSettled(Array.from({ length: count - 1 }, (_, i) => fork(i + 2)));
      return port;
    },
    listening,
    replaced: () => replaced,
    setVariables(changed) {
      variables = { ...variables, ...changed };
      for (const worker of listening().values()) send(worker, { type: 'variables', variables });
    },
    async stop() {
      isStopping = true;
      for (const { worker, listensSince } of running.values())
        if (listensSince === null) worker.process.kill();
        else send(worker, { type: 'shut down' });
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

/** What a worker that ends does not receive is not an error. */
export function send(worker: Worker, message: WorkerMessage): void {
  worker.send(message, () => undefined);
}
