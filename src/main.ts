import closeWithGrace from 'close-with-grace';
import { createApp } from './app.ts';
import { readEnv, startOrExplain } from './cli/start.ts';
import { type Config, readConfig } from './config/config.ts';
import { listen } from './http/server.ts';

await startOrExplain(async () => {
  const config = readConfig(readEnv());
  const app = await createApp(config);
  const server = await listen(app, config.http).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  announce(config, server.port);
  closeWithGrace({ delay: 15_000, logger: false }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'unexpected failure, going down');
    await server.close();
    await app.close();
  });
});

/** In development a line to click on; in production a line for the log. */
function announce({ http, mode }: Config, port: number): void {
  const host = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(http.host) ? 'localhost' : http.host;
  if (mode === 'production')
    process.stdout.write(`${JSON.stringify({ msg: 'listening', host: http.host, port })}\n`);
  else process.stdout.write(`\n  weapp-login is ready. Open GraphiQL: http://${host}:${port}/graphql\n\n`);
}
