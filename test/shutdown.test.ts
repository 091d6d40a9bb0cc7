import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET } from './support/canaries.ts';
import { MYSQL } from './support/databases.ts';
import { run } from './support/process.ts';
import { APP_ID, environment, SECOND_APP_ID } from './support/product.ts';
import { startProxy } from './support/proxy.ts';

/** SHUTDOWN_RUNS=40 is the figure of docs/security-figures.md. */
const RUNS = Number(process.env.SHUTDOWN_RUNS ?? 2);
const CONNECTIONS = 30;
const DELAY_MS = 1500;
/** A client on a busy machine connects some time after it noted that it sends. */
const CONNECT_MS = 100;
const LOGIN = JSON.stringify({ query: 'mutation { login(code: "dev:loaded") { token } }' });

let sandbox: Sandbox;
beforeAll(async () => {
  const apps = [APP_ID, SECOND_APP_ID].map((appId) => ({ appId, secret: APP_SECRET }));
  sandbox = await createSandbox({ apps });
});
afterAll(() => sandbox.close());

function start(more: Record<string, string> = {}) {
  return run(
    environment({
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      DATABASE_URL: 'file::memory:',
      MIGRATE_ON_START: '1',
      LOG_LEVEL: 'warn',
      WECHAT_API_URL: sandbox.url,
      SHUTDOWN_DELAY_MS: String(DELAY_MS),
      ...more,
    }),
  );
}

type Outcome = { sentAt: number; status: number | string };

/** Logs in again and again over keep-alive connections, until `stop`; every request is an outcome. */
function load(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const outcomes: Outcome[] = [];
  let stopped = false;

  const send = () =>
    new Promise<void>((resolve) => {
      const sentAt = Date.now();
      const note = (status: number | string) => {
        outcomes.push({ sentAt, status });
        resolve();
      };
      const headers = { 'content-type': 'application/json', 'content-length': LOGIN.length };
      const sent = request(
        { agent, port, host: '127.0.0.1', path: '/graphql', method: 'POST', headers },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => note(text.includes('"token"') ? 200 : `${response.statusCode} ${text}`));
          response.on('error', (error) => note(error.message));
        },
      );
      sent.on('error', (error) => note(error.message));
      sent.end(LOGIN);
    });
  const worker = async () => {
    while (!stopped) await send();
  };
  const workers = Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return {
    outcomes,
    async stop() {
      stopped = true;
      await workers;
      agent.destroy();
    },
  };
}

describe.each(MYSQL ? ['1', '2'] : ['1'])(
  'SIGTERM under load, WORKERS=%s',
  {
    timeout: RUNS * 20_000,
  },
  (workers) => {
    const startServer = async () =>
      start({
        WORKERS: workers,
        ...(workers === '1' ? {} : { DATABASE_URL: (await MYSQL?.create()) ?? '' }),
      });

    test('loses nothing behind a proxy that looks at /ready', async () => {
      const other = await startServer();
      const lost: Outcome[] = [];
      let sent = 0;
      for (let i = 0; i < RUNS; i++) {
        const server = await startServer();
        const proxy = await startProxy([await server.origin, await other.origin]);
        const clients = load(proxy.port);
        await sleep(700);
        server.child.kill('SIGTERM');
        expect(await server.exited).toBe(0);
        await sleep(300);
        await clients.stop();
        await proxy.close();
        sent += clients.outcomes.length;
        lost.push(...clients.outcomes.filter(({ status }) => status !== 200));
      }
      other.child.kill('SIGTERM');
      await other.exited;
      process.stdout.write(`SIGTERM behind a proxy: ${RUNS} runs, ${sent} requests, ${lost.length} lost\n`);
      expect(lost).toEqual([]);
    });

    test('loses nothing that was sent before the delay ended, without a proxy', async () => {
      const lost: Outcome[] = [];
      let sent = 0;
      for (let i = 0; i < RUNS; i++) {
        const server = await startServer();
        const clients = load(Number(new URL(await server.origin).port));
        await sleep(700);
        const endsAt = Date.now() + DELAY_MS - CONNECT_MS;
        server.child.kill('SIGTERM');
        expect(await server.exited).toBe(0);
        await clients.stop();
        const before = clients.outcomes.filter(({ sentAt }) => sentAt < endsAt);
        sent += before.length;
        lost.push(...before.filter(({ status }) => status !== 200));
      }
      process.stdout.write(
        `SIGTERM without a proxy: ${RUNS} runs, ${sent} requests before the end, ${lost.length} lost\n`,
      );
      expect(lost).toEqual([]);
    });
  },
);

test('from SIGTERM on, /ready is 503 and responses close their connection; requests are still handled', async () => {
  const server = start();
  const origin = await server.origin;
  expect((await fetch(`${origin}/ready`)).status).toBe(200);
  server.child.kill('SIGTERM');
  await sleep(200);
  const ready = await fetch(`${origin}/ready`);
  expect([ready.status, ready.headers.get('connection')]).toEqual([503, 'close']);
  const login = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: LOGIN,
  });
  expect([login.status, login.headers.get('connection')]).toEqual([200, 'close']);
  expect((await login.json()).data.login.token).toEqual(expect.any(String));
  expect(await server.exited).toBe(0);
});

test('a second signal ends the process at once', async () => {
  const server = start({ SHUTDOWN_DELAY_MS: '30000' });
  await server.origin;
  server.child.kill('SIGTERM');
  await sleep(200);
  server.child.kill('SIGTERM');
  expect(await server.exited).toBe(1);
});
