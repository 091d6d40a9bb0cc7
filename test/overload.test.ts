import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAdmission, type RequestKind } from '../src/ops/admission.ts';
import { createLog } from '../src/ops/log.ts';
import { NO_METRICS } from '../src/ops/metrics.ts';
import { endOfLog, readLog } from './support/log.ts';
import { sumOf } from './support/metrics.ts';
import { codeOf } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

const LOGIN = 'mutation ($code: String!) { login(code: $code) { token } }';
const ME = '{ me { id } }';

describe('more logins at once than MAX_REQUESTS_IN_FLIGHT', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:', {
      METRICS_PORT: '0',
      MAX_REQUESTS_IN_FLIGHT: '3',
      WECHAT_TIMEOUT_MS: '600',
    });
  });
  afterAll(() => server.close());
  const login = (code: string) => server.post<{ login: object }>(LOGIN, { variables: { code } });
  const metrics = async () => (await server.product.app.metrics?.text()) ?? '';

  test('get 503 at once, in JSON, with the seconds to wait; others are not affected', async () => {
    const { token } = await server.logIn('before');
    const start = endOfLog();
    const slow = Array.from({ length: 3 }, () => login('fault:stall'));
    await expect.poll(async () => sumOf(await metrics(), 'weapp_login_requests_in_flight')).toBe(3);

    const calls = sumOf(await metrics(), 'weapp_login_wechat_call_duration_seconds_count');
    const { code } = await server.product.control<{ code: string }>('codes', { user: 'rejected' });
    const rejected = await login(code);
    expect(rejected.status).toBe(503);
    expect(rejected.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const { retryAfter = 0 } = rejected.errors?.[0]?.extensions ?? {};
    expect(rejected.headers.get('retry-after')).toBe(String(retryAfter));
    expect([1, 2, 3]).toContain(retryAfter);
    expect(rejected.errors?.[0]).toMatchObject({
      message: expect.stringMatching(/^The server is overloaded\. Retry in \d seconds/),
      extensions: { code: 'SERVICE_UNAVAILABLE', action: 'RETRY_LATER' },
    });
    expect((await login('another')).status).toBe(503);

    expect((await server.post(ME, { token })).errors).toBeUndefined();
    // With a stale token, or as a persisted document, a login is a login.
    const stale = await server.post(LOGIN, { variables: { code: 'a' }, token });
    expect(stale.status).toBe(503);
    const statusOf = async (body: object, headers = {}) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
      return (await fetch(`${server.url}/graphql`, { ...init, body: JSON.stringify(body) })).status;
    };
    const query = '{ __typename }';
    expect(await statusOf({ documentId: 'login' })).toBe(503);
    expect(await statusOf({ documentId: 'me', query }, { authorization: `Bearer ${token}` })).toBe(200);
    expect(await statusOf({ query })).toBe(200);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);

    expect((await Promise.all(slow)).map(codeOf)).toEqual(Array(3).fill('WECHAT_UNAVAILABLE'));
    expect(sumOf(await metrics(), 'weapp_login_wechat_call_duration_seconds_count')).toBe(calls + 3);
    expect(sumOf(await metrics(), 'weapp_login_requests_in_flight')).toBe(0);
    expect((await login(code)).data?.login).toBeDefined();
    expect(sumOf(await metrics(), 'weapp_login_requests_shed_total', { kind: 'login' })).toBe(4);
    const lines = readLog(start)
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === 'overloaded: rejecting requests');
    expect(lines).toMatchObject([{ level: 50, overload: { kind: 'login', inFlight: 3, suppressed: 0 } }]);
  });

  test('keep their connection, and those that were counted are counted once', async () => {
    for (let i = 0; i < 10; i++) await server.post('{');
    expect(sumOf(await metrics(), 'weapp_login_requests_in_flight')).toBe(0);
    const slow = Array.from({ length: 3 }, () => login('fault:stall'));
    await expect.poll(async () => sumOf(await metrics(), 'weapp_login_requests_in_flight')).toBe(3);
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: LOGIN, variables: { code: 'one-more' } }),
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('connection')).toBe('keep-alive');
    await Promise.all(slow);
  });
});

test.each<[number, RequestKind[]]>([
  [200, ['login', 'other']],
  [201, ['login']],
  [400, ['login']],
  [401, []],
])(
  'when the event loop is %i ms late and MAX_EVENT_LOOP_DELAY_MS is 200, these are handled: %j',
  (ms, kinds) => {
    const admission = createAdmission(
      { maxInFlight: 10, maxDelayMs: 200 },
      { loopDelay: { ms: () => ms }, log: createLog('silent'), metrics: NO_METRICS },
    );
    expect((['login', 'other'] as const).filter((kind) => admission.enter(kind))).toEqual(kinds);
  },
);

describe('an event loop that is blocked', () => {
  const block = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  test('again and again: requests with a token are rejected, and handled again later', async () => {
    const server = await startServer('file::memory:', { MAX_EVENT_LOOP_DELAY_MS: '40' });
    const { token } = await server.logIn('blocked');
    const me = async () => (await server.post(ME, { token })).status;
    const blocking = setInterval(() => block(150), 10);
    await expect.poll(me, { timeout: 10_000 }).toBe(503);
    clearInterval(blocking);
    await expect.poll(me).toBe(200);
    await server.close();
  });

  test('once, as at the start of a process, is no overload', async () => {
    const server = await startServer('file::memory:', { MAX_EVENT_LOOP_DELAY_MS: '100' });
    const { token } = await server.logIn('once');
    for (let i = 0; i < 3; i++) {
      await sleep(300);
      const sent = Array.from({ length: 10 }, () => server.post(ME, { token }));
      block(400);
      expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    }
    await server.close();
  });
});
