import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import type { Log } from './log.ts';
import { flushStandardOutput } from './log-output.ts';
import { RELOAD, SHUT_DOWN } from './workers.ts';

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

/** A worker may get a message of the supervisor, and signals that are sent to all processes, in any order. */
export function followSupervisor(close: () => unknown, reload: () => unknown): void {
  let isClosing = false;
  const closeFirst = () => {
    if (!isClosing) close();
    isClosing = true;
  };
  for (const signal of SIGNALS) process.on(signal, closeFirst);
  // The supervisor gets it, too.
  process.on(RELOAD_SIGNAL, () => undefined);
  process.on('message', (message) => {
    if (message === SHUT_DOWN) closeFirst();
    if (message === RELOAD) reload();
  });
}

export function onReloadSignal(isProduction: boolean, reload: () => unknown): void {
  if (isProduction) process.on(RELOAD_SIGNAL, reload);
}

/** Lines about the whole server, so its workers do not write them. At any LOG_LEVEL but `silent`. */
export function logLifecycle(log: Log, line: object, message: string): void {
  if (cluster.isWorker || log.level === 'silent') return;
  log.child({}, { level: 'info' }).info(line, message);
}
