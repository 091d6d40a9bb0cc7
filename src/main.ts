import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import { type App, createApp } from './app.ts';
import { readEnv, runOrExplain } from './cli/start.ts';
import { type Config, type HttpOptions, readConfig } from './config/config.ts';
import { listen } from './http/server.ts';
import { createLog } from './ops/log.ts';
import { flushStandardOutput } from './ops/log-output.ts';
import { createWorkers, SHUT_DOWN, WorkerFailure } from './ops/workers.ts';

/** Beside the delay: longer than the server takes to drain. */
const SHUTDOWN_TIMEOUT_MS = 15_000;
/** How much longer its workers are waited for. */
const WORKERS_TIMEOUT_MS = 2000;
const SIGNALS = ['SIGTERM' as const, 'SIGINT' as const, 'SIGHUP' as const, 'SIGQUIT' as const];

await runOrExplain(async () => {
  const config = readConfig(readEnv());
  await (config.workers > 1 && cluster.isPrimary ? supervise(config) : serve(config));
});
// The channel to the supervisor would keep it running.
if (cluster.isWorker && process.exitCode === 1) process.exit();

async function serve(config: Config): Promise<void> {
  const app = await createApp(config);
  const server = await listen(app, config.http).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS;
  const skip = cluster.isWorker ? SIGNALS : [];
  const grace = closeWithGrace({ delay, logger: false, skip }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'unexpected failure, shutting down');
    await server.close();
    await app.close();
    await flushStandardOutput();
  });
  if (cluster.isWorker) closeOnce(grace.close);
  // Not before: whoever reads this may send a signal at once.
  else announce(config.http, server.port, config.mode === 'production' ? null : app);
}

/** A worker may get a message of the supervisor, and signals that are sent to all processes, in any order. */
function closeOnce(close: () => unknown): void {
  let isClosing = false;
  const closeFirst = () => {
    if (!isClosing) close();
    isClosing = true;
  };
  for (const signal of SIGNALS) process.on(signal, closeFirst);
  process.on('message', (message) => {
    if (message === SHUT_DOWN) closeFirst();
  });
}

async function supervise(config: Config): Promise<void> {
  const log = createLog(config.log.level);
  const workers = createWorkers(config.workers, log);
  const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS + WORKERS_TIMEOUT_MS;
  const grace = closeWithGrace({ delay, logger: false }, async ({ err }) => {
    if (err) log.fatal({ err }, 'unexpected failure, shutting down');
    await workers.stop();
    await flushStandardOutput();
  });
  try {
    const port = await workers.start();
    announce(config.http, port, config.mode === 'production' ? null : { sandboxUrl: null });
  } catch (error) {
    // Otherwise it would end the process with code 0.
    grace.uninstall();
    if (!(error instanceof WorkerFailure)) throw error;
    if (error.signal) process.stderr.write(`The first worker was ended by ${error.signal}.\n`);
    process.exitCode = 1;
  }
}

/** In development the links to open; in production a JSON line. */
function announce({ host, graphiql }: HttpOptions, port: number, app: Pick<App, 'sandboxUrl'> | null): void {
  const name = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host) ? 'localhost' : host;
  const url = `http://${name}:${port}/graphql`;
  if (!app) process.stdout.write(`${JSON.stringify({ msg: 'listening', host, port })}\n`);
  else
    process.stdout.write(
      `\n  weapp-login is ready. ${graphiql ? 'Open GraphiQL: ' : ''}${url}\n${
        app.sandboxUrl ? `  WeChat sandbox: ${app.sandboxUrl}\n` : ''
      }\n`,
    );
}
