import closeWithGrace from 'close-with-grace';
import { type App, createApp } from './app.ts';
import { readEnv, runOrExplain } from './cli/start.ts';
import { type HttpOptions, readConfig } from './config/config.ts';
import { listen } from './http/server.ts';

/** Beside the delay: longer than the server takes to drain. */
const SHUTDOWN_TIMEOUT_MS = 15_000;

await runOrExplain(async () => {
  const config = readConfig(readEnv());
  const app = await createApp(config);
  const server = await listen(app, config.http).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS;
  closeWithGrace({ delay, logger: false }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'unexpected failure, shutting down');
    await server.close();
    await app.close();
  });
  // Not before: whoever reads this may send a signal at once.
  announce(config.http, server.port, config.mode === 'production' ? null : app);
});

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
