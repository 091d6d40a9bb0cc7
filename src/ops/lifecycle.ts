import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import type { Log } from './log.ts';
import { flushStandardOutput } from './log-output.ts';
import type { MetricsSource } from './metrics.ts';
import type { Variables, WorkerMessage } from './workers.ts';

const SIGNALS = ['SIGTERM' as const, 'SIGINT' as const, 'SIGQUIT' as const];
/** In production it reads the secrets again; in development, where a terminal sends it, it ends the process. */
const RELOAD_SIGNAL = 'SIGHUP' as const;

export type ClosingOptions = {
  isProduction: boolean;
  /** Milliseconds after which the process ends although `close` has not. */
  delay: number;
};

/** Closes at the first signal, and ends the process. The second signal ends it at once. */
export function closeOnSignal(
  log: Log,
  { isProduction, delay }: ClosingOptions,
  close: () => Promise<void>,
): ReturnType<typeof closeWithGrace> {
  const skip = [
    ...(cluster.isWorker ? SIGNALS : []),
    ...(cluster.isWorker || isProduction ? [RELOAD_SIGNAL] : []),
  ];
  return closeWithGrace({ delay, logger: false, skip }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'unexpected failure, shutting down');
    else if (isProduction) logLifecycle(log, { signal }, 'shutting down');
    await close();
    if (isProduction) logLifecycle(log, {}, 'stopped');
    await flushStandardOutput();
  });
}

export type Follower = {
  close(): unknown;
  setVariables(variables: Variables): unknown;
  metrics: MetricsSource | undefined;
};

/** A worker may get a message of the supervisor, and signals that are sent to all processes, in any order. */
export function followSupervisor({ close, setVariables, metrics }: Follower): void {
  let isClosing = false;
  const closeFirst = () => {
    if (!isClosing) close();
    isClosing = true;
  };
  for (const signal of SIGNALS) process.on(signal, closeFirst);
  process.on('message', async (message: WorkerMessage) => {
    if (message.type === 'shut down') closeFirst();
    if (message.type === 'variables') setVariables(message.variables);
    if (message.type === 'metrics') {
      const { id, position } = message;
      process.send?.({ type: 'metrics', id, text: (await metrics?.text(position)) ?? '' });
    }
  });
}

/**
 * From now on, SIGHUP does not end the process. In a worker it does nothing: the supervisor gets it, too.
 * @returns how it is handled: a signal that came before is handled at once
 */
export function catchReloadSignal(isProduction: boolean): (reload: () => unknown) => void {
  let isPending = false;
  let handle = () => {
    isPending = true;
  };
  if (isProduction || cluster.isWorker) process.on(RELOAD_SIGNAL, () => handle());
  return (reload) => {
    handle = () => {
      reload();
    };
    if (isPending) reload();
  };
}

/** Lines about the whole server, so its workers do not write them. At any LOG_LEVEL but `silent`. */
export function logLifecycle(log: Log, line: object, message: string): void {
  if (cluster.isWorker || log.level === 'silent') return;
  log.child({}, { level: 'info' }).info(line, message);
}
