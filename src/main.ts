import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import { type App, createApp } from './app.ts';
import { readEnv, runOrExplain } from './cli/start.ts';
import { type Config, type HttpOptions, readConfig } from './config/config.ts';
import { listen } from './http/server.ts';
import { createLog } from './ops/log.ts';
import { createWorkers, SHUT_DOWN, WorkerFailure } from './ops/workers.ts';

/** Beside the delay: longer than the server takes to drain. */
const SHUTDOWN_TIMEOUT_MS = 15_000;
/** How much longer its workers are waited for. */
const WORKERS_TIMEOUT_MS = 2000;

await runOrExplain(async () => {
  const config = readConfig(readEnv());
  await (config.workers > 1 && cluster.isPrimary ? supervise(config) : serve(config));
});
// The channel to the supervisor would keep a worker that failed to start.
if (process.exitCode === 1) process.disconnect?.();

async function serve(config: Config): Promise<void> {
  const app = await createApp(config);
  const server = await listen(app, config.http).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS;
  let isClosing = false;
  const grace = closeWithGrace({ delay, logger: false }, async ({ err }) => {
    isClosing = true;
    if (err) app.log.fatal({ err }, 'unexpected failure, shutting down');
    await server.close();
    await app.close();
  });
  process.on('message', (message) => {
    if (message === SHUT_DOWN && !isClosing) grace.close();
  });
  // Not before: whoever reads this may send a signal at once.
  if (cluster.isPrimary) announce(config.http, server.port, config.mode === 'production' ? null : app);
}

async function supervise(config: Config): Promise<void> {
  const workers = createWorkers(config.workers, createLog(config.log.level));
  try {
    const port = await workers.start();
    const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS + WORKERS_TIMEOUT_MS;
    closeWithGrace({ delay, logger: false }, () => workers.stop());
    announce(config.http, port, config.mode === 'production' ? null : { sandboxUrl: null });
  } catch (error) {
    if (!(error instanceof WorkerFailure)) throw error;
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
