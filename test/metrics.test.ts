import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveMetrics } from '../src/http/metrics-server.ts';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, canariesIn, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { DATABASES, MYSQL, runAnySql } from './support/databases.ts';
import { samplesOf, sumOf } from './support/metrics.ts';
import { post, run } from './support/process.ts';
import { serversOf } from './support/processes.ts';
import { APP_ID, SECOND_APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

const LOGIN = `mutation Login($code: String!, $appId: String) {
  login(code: $code, appId: $appId) { token user { id } }
}`;
type LoginData = { login: { token: string } };

describe.each(DATABASES)('the metrics on $name', (database) => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    url = await database.create();
    server = await startServer(url, { METRICS_PORT: '0' });
  });
  afterAll(() => server.close());

  const text = async () => (await server.product.app.metrics?.text()) ?? '';
  /** By how much a sum grows while something happens. */
  const growth = async (name: string, labels: Record<string, string>, happen: () => Promise<unknown>) => {
    const before = sumOf(await text(), name, labels);
    await happen();
    return sumOf(await text(), name, labels) - before;
  };
  const logIn = (code: string, appId = APP_ID) =>
    server.post<LoginData>(LOGIN, { variables: { code, appId } });

  test('count logins by mini program, outcome and errcode', async () => {
    const name = 'weapp_login_logins_total';
    const ok = { app_id: SECOND_APP_ID, outcome: 'OK', errcode: '' };
    expect(await growth(name, ok, () => logIn('dev:counted', SECOND_APP_ID))).toBe(1);
    const rejected = { app_id: APP_ID, outcome: 'WECHAT_CODE_INVALID', errcode: '40029' };
    expect(await growth(name, rejected, () => logIn('wrong'))).toBe(1);
    const blocked = { app_id: APP_ID, outcome: 'WECHAT_USER_BLOCKED', errcode: '40226' };
    expect(await growth(name, blocked, () => logIn('fault:40226'))).toBe(1);
  });

  test('count tokens that are refused, by reason', async () => {
    const { data } = await logIn('dev:refused');
    const name = 'weapp_login_token_refusals_total';
    const me = (token?: string) => () => server.post('{ me { id } }', { token });
    expect(await growth(name, { reason: 'MISSING' }, me())).toBe(1);
    expect(await growth(name, { reason: 'INVALID' }, me(`${data?.login.token.slice(0, -4)}AAAA`))).toBe(1);
    expect(await growth(name, {}, me(data?.login.token))).toBe(0);
    await server.post('mutation { logout { user { id } } }', { token: data?.login.token });
    expect(await growth(name, { reason: 'REVOKED' }, me(data?.login.token))).toBe(1);
  });

  test('time the calls to WeChat, and count its errcodes', async () => {
    const calls = 'weapp_login_wechat_call_duration_seconds_count';
    const ok = { endpoint: 'jscode2session', outcome: 'OK' };
    expect(await growth(calls, ok, () => logIn('dev:timed'))).toBe(1);
    const startedAt = performance.now();
    const seconds = await growth('weapp_login_wechat_call_duration_seconds_sum', ok, () =>
      logIn('dev:timed'),
    );
    expect(seconds).toBeLessThan((performance.now() - startedAt) / 1000);
    const errors = 'weapp_login_wechat_errors_total';
    const blocked = { endpoint: 'jscode2session', errcode: '40226' };
    expect(await growth(errors, blocked, () => logIn('fault:40226'))).toBe(1);
    expect(await growth(errors, { errcode: 'other' }, () => logIn('fault:31999'))).toBe(1);
  });

  test('time the statements by kind', async () => {
    const name = 'weapp_login_statement_duration_seconds_count';
    const grows = (kind: string) => growth(name, { kind, outcome: 'OK' }, () => logIn('dev:stated'));
    expect(await grows('insert')).toBe(1);
    expect(await grows('select')).toBe(1);
    expect(await growth(name, { kind: 'other' }, () => server.product.app.storage.migrate())).not.toBe(0);
    const startedAt = performance.now();
    const sum = 'weapp_login_statement_duration_seconds_sum';
    const seconds = await growth(sum, { kind: 'insert' }, () => logIn('dev:stated'));
    expect(seconds).toBeLessThan((performance.now() - startedAt) / 1000);
    await runAnySql(url, 'ALTER TABLE user RENAME TO elsewhere');
    expect(await growth(name, { kind: 'insert', outcome: 'FAULT' }, () => logIn('dev:stated'))).toBe(1);
    await runAnySql(url, 'ALTER TABLE elsewhere RENAME TO user');
  });

  test('count operations by lane, type, outcome and, for signed-in users, name', async () => {
    const { data } = await logIn('dev:named');
    const me = (name: string, token?: string) => server.post(`query ${name} { me { id } }`, { token });
    const name = 'weapp_login_operations_total';
    const stranger = { name: 'Strange', outcome: 'UNAUTHENTICATED' };
    expect(await growth(name, stranger, () => me('Strange'))).toBe(0);
    const known = { type: 'query', name: 'Known', outcome: 'OK' };
    expect(await growth(name, known, () => me('Known', data?.login.token))).toBe(1);
    const refused = { name: 'Known', outcome: 'UNAUTHENTICATED' };
    expect(await growth(name, refused, () => me('Known'))).toBe(1);
    for (let i = 0; i < 12; i++) await me('Frequent', data?.login.token);
    const compiled = { lane: 'compiled', name: 'Frequent', outcome: 'OK' };
    expect(await growth(name, compiled, () => me('Frequent', data?.login.token))).toBe(1);
  });

  test('stay below 200 KB after 3,000 operation names of strangers, and 3,000 of a user', async () => {
    const { data } = await logIn('dev:hostile');
    for (const token of [undefined, data?.login.token])
      for (let i = 0; i < 3000; i += 50)
        await Promise.all(
          Array.from({ length: 50 }, (_, j) => server.post(`query Hostile${i + j} { me { id } }`, { token })),
        );
    const size = (await text()).length;
    expect(size).toBeLessThan(200_000);
    expect([...samplesOf(await text()).keys()].filter((key) => key.includes('Hostile')).length).toBeLessThan(
      60,
    );
  });

  test('tell of build, event loop, heap and what is in progress, and hold no secret', async () => {
    const page = await text();
    expect(sumOf(page, 'weapp_login_build_info', { node: process.version })).toBe(1);
    const gauges = ['database_connections_in_use', 'database_statements_waiting', 'wechat_calls_in_flight'];
    for (const gauge of gauges) expect(samplesOf(page).get(`weapp_login_${gauge}`), gauge).toBe(0);
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'nodejs_heap_size_used_bytes'])
      expect(samplesOf(page).has(name), name).toBe(true);
    expect(canariesIn(page)).toEqual([]);
  });
});

test('a rate limit that refuses is counted, by its variable', async () => {
  const server = await startServer('file::memory:', {
    METRICS_PORT: '0',
    RATE_LIMIT_FAILURES_PER_ADDRESS: '3',
  });
  for (let i = 0; i < 8; i++) await server.product.login(`garbage-${i}`);
  const page = (await server.product.app.metrics?.text()) ?? '';
  const variable = 'RATE_LIMIT_FAILURES_PER_ADDRESS';
  expect(sumOf(page, 'weapp_login_rate_limited_total', { variable })).toBe(5);
  expect(sumOf(page, 'weapp_login_logins_total', { outcome: 'RATE_LIMITED' })).toBe(5);
  await server.close();
});

test('while WeChat fails, the circuit is open', async () => {
  const server = await startServer('file::memory:', { METRICS_PORT: '0', WECHAT_TIMEOUT_MS: '200' });
  const open = async () =>
    sumOf((await server.product.app.metrics?.text()) ?? '', 'weapp_login_wechat_circuits_open');
  expect(await open()).toBe(0);
  await Promise.all(Array.from({ length: 20 }, () => server.product.login('fault:http-500')));
  expect(await open()).toBe(1);
  await server.close();
});

describe('METRICS_PORT', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ apps: [{ appId: APP_ID, secret: APP_SECRET }] });
  });
  afterAll(() => sandbox.close());
  const production = (databaseUrl: string, more: Record<string, string> = {}) => ({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    MIGRATE_ON_START: '1',
    SHUTDOWN_DELAY_MS: '0',
    WECHAT_API_URL: sandbox.url,
    WECHAT_APP_ID: APP_ID,
    WECHAT_APP_SECRET: APP_SECRET,
    JWT_SECRET,
    SESSION_KEY_SECRET,
    METRICS_PORT: '0',
    ...more,
  });
  const start = async (env: Record<string, string>) => {
    const server = run(env);
    const origin = await server.origin;
    await expect.poll(server.printed).toMatch(/"metricsPort":\d+/);
    const [, port] = /"metricsPort":(\d+)/.exec(server.printed()) ?? [];
    const stop = () => {
      server.child.kill('SIGTERM');
      return server.exited;
    };
    return { server, origin, metrics: `http://127.0.0.1:${port}`, stop };
  };
  const login = (i: number) => `mutation { login(code: "dev:person-${i}") { token } }`;

  test('serves /metrics on a port of its own, and nothing else; the port of the API has no metrics', async () => {
    const { origin, metrics, stop } = await start(production('file:db'));
    await post(origin, login(1));
    const response = await fetch(`${metrics}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(sumOf(await response.text(), 'weapp_login_logins_total', { outcome: 'OK' })).toBe(1);
    expect((await fetch(`${metrics}/graphql`)).status).toBe(404);
    expect((await fetch(`${origin}/metrics`)).status).toBe(404);
    expect(await stop()).toBe(0);
  });

  test('in use: the message names METRICS_PORT, and the process ends', async () => {
    const { metrics, stop } = await start(production('file:db'));
    const second = run(production('file:db', { METRICS_PORT: new URL(metrics).port }));
    expect(await second.exited).toBe(1);
    expect(second.printed()).toContain('METRICS_PORT is used by another program');
    await stop();
  });

  test.skipIf(!MYSQL)(
    'with WORKERS, has the metrics of all that respond; one that is blocked or ends takes away its own only',
    async () => {
      const env = production((await MYSQL?.create()) ?? '', { WORKERS: '2' });
      const { server, origin, metrics, stop } = await start(env);
      const read = async () => (await fetch(`${metrics}/metrics`)).text();
      const logins = async () => sumOf(await read(), 'weapp_login_logins_total', { outcome: 'OK' });
      for (let i = 0; i < 30; i++) await post(origin, login(i % 5));
      expect(await logins()).toBe(30);
      const workers = new Set([...(await read()).matchAll(/worker="(\d+)"/g)].map(([, id]) => id));
      expect(workers.size).toBe(2);
      expect(server.printed().match(/"msg":"listening"/g)).toHaveLength(1);
      expect(sumOf(await read(), 'weapp_login_workers')).toBe(2);
      const [first = 0, second = 0] = serversOf(server.child.pid ?? 0);
      process.kill(first, 'SIGSTOP');
      const one = await read();
      expect(sumOf(one, 'weapp_login_workers')).toBe(1);
      expect(sumOf(one, 'weapp_login_logins_total')).toBeGreaterThan(0);
      process.kill(first, 'SIGCONT');
      process.kill(second, 'SIGKILL');
      await expect.poll(async () => sumOf(await read(), 'weapp_login_workers'), { timeout: 15_000 }).toBe(2);
      expect(sumOf(await read(), 'weapp_login_workers_replaced_total')).toBe(1);
      const labels = new Set([...(await read()).matchAll(/worker="(\d+)"/g)].map(([, id]) => id));
      expect([...labels].sort()).toEqual(['1', '2']);
      expect(await stop()).toBe(0);
      expect(server.printed().match(/"msg":"(shutting down|stopped)"/g)).toEqual([
        '"msg":"shutting down"',
        '"msg":"stopped"',
      ]);
    },
  );
});

describe('the server of the metrics', () => {
  const host = '127.0.0.1';
  const open = async (text: () => Promise<string>) => {
    const server = await serveMetrics({ text }, { host, port: 0 });
    const ask = async (path: string, method = 'GET') => {
      const response = await fetch(`http://${host}:${server.port}${path}`, { method });
      return [response.status, response.headers.get('content-type'), await response.text()];
    };
    return { ...server, ask };
  };
  const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

  test('responds to GET /metrics only', async () => {
    const { ask, close } = await open(async () => 'a 1');
    for (const path of ['/metrics', '/metrics?a=b']) expect(await ask(path)).toEqual([200, TYPE, 'a 1']);
    for (const path of ['/', '/metrics/', '/other?/metrics'])
      expect(await ask(path)).toEqual([404, TYPE, '']);
    expect(await ask('/metrics', 'POST')).toEqual([405, TYPE, '']);
    await close();
  });

  test('responds 503 if there are none, and again when there are', async () => {
    let isFailing = true;
    const { ask, close } = await open(async () => {
      if (isFailing) throw new Error('no');
      return 'a 1';
    });
    expect(await ask('/metrics')).toEqual([503, TYPE, '']);
    isFailing = false;
    expect(await ask('/metrics')).toEqual([200, TYPE, 'a 1']);
    await close();
  });

  test('rejects a port that is in use, and frees its own with all connections', async () => {
    const { port, close } = await open(async () => '');
    expect(port).toBeGreaterThan(0);
    await expect(serveMetrics({ text: async () => '' }, { host, port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const idle = connect(port, host);
    const ended = new Promise((resolve) => idle.once('close', resolve));
    await new Promise((resolve) => idle.once('connect', resolve));
    await close();
    await ended;
    const next = await serveMetrics({ text: async () => '' }, { host, port });
    await next.close();
  });
});

test('without METRICS_PORT nothing is counted', async () => {
  const server = await startServer('file::memory:');
  expect(server.product.app.metrics).toBeUndefined();
  await server.close();
});
