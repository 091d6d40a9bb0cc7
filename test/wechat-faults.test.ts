import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config/config.ts';
import { ERROR_CODES } from '../src/errors/codes.ts';
import { createLog } from '../src/ops/log.ts';
import { FAULT_NAMES } from '../src/sandbox/faults.ts';
import { createWeChat } from '../src/wechat/client.ts';
import { ERRCODES } from '../src/wechat/errcodes.ts';
import { APP_SECRET } from './support/canaries.ts';
import { freePort } from './support/mariadb.ts';
import { APP_ID, codeOf, environment, type Product, startProduct } from './support/product.ts';

const LOGIN_PATH = '/sns/jscode2session';
const TIMEOUT_MS = 1000;

let product: Product;
afterEach(() => product.close());

async function start(more: Record<string, string> = {}) {
  product = await startProduct('file::memory:', { WECHAT_TIMEOUT_MS: String(TIMEOUT_MS), ...more });
}

function upstream(code: string) {
  return product.sandbox.calls().filter((call) => call.path === LOGIN_PATH && call.code === code).length;
}

type Show = (message: string) => unknown;

/** Logs in with a code that fails, and shows what the client sees, how long it took, what reached WeChat. */
async function failing(code: string, show: Show) {
  const began = performance.now();
  const answer = await product.login(code);
  const took = Math.round(performance.now() - began);
  const { extensions, message } = answer.errors?.[0] ?? {};
  await show(`${extensions?.code} ${extensions?.action}, ${took} ms, ${upstream(code)} upstream calls`);
  expect(answer.data).toBeNull();
  expect(message).not.toContain(code);
  return { extensions, calls: upstream(code) };
}

describe('every errcode of jscode2session', () => {
  const rows = ERRCODES.filter(({ at }) => at?.includes('jscode2session') ?? true);

  test.for(rows)('$errcode is $code, after one call', async (row, { annotate }) => {
    const { errcode, code, retryAfter } = row;
    await start();
    const { extensions, calls } = await failing(`fault:${errcode}`, annotate);
    expect(extensions).toEqual({
      code,
      action: ERROR_CODES[code].action,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      wechat: { errcode, rid: expect.stringMatching(/^[\w-]{20,}$/) },
    });
    expect(calls).toBe(1);
  });

  test.for([1, 999_999, 40_066, -2])('the unknown errcode %i', async (errcode, { annotate }) => {
    await start();
    const { extensions } = await failing(`fault:${errcode}`, annotate);
    expect(extensions).toMatchObject({ code: 'WECHAT_UNAVAILABLE', wechat: { errcode } });
  });

  test.each([
    '../../etc/passwd',
    "' OR 1=1--",
    '<script>alert(1)</script>',
    '%27%20OR%201',
    '$(jndi:ldap://x)',
    'a&appid=wx1',
  ])('%s is no code: what could upset a gateway is never sent', async (code) => {
    await start();
    expect(codeOf(await product.login(code))).toBe('BAD_USER_INPUT');
    expect(product.sandbox.calls()).toEqual([]);
  });

  test('an errcode as a string is the same errcode', async ({ annotate }) => {
    await start();
    const { extensions } = await failing('fault:text-40029', annotate);
    expect(extensions).toEqual({
      code: 'WECHAT_CODE_INVALID',
      action: 'RELOGIN',
      wechat: { errcode: 40029 },
    });
  });
});

describe('every fault of the network', () => {
  const UNREACHABLE = ['127.0.0.1', 'no-such-host.invalid'];

  test.for(FAULT_NAMES)('%s: WECHAT_UNAVAILABLE, one upstream call', async (fault, { annotate }) => {
    await start();
    const { extensions, calls } = await failing(`fault:${fault}`, annotate);
    expect(extensions).toEqual({ code: 'WECHAT_UNAVAILABLE', action: 'RETRY_LATER' });
    expect(calls).toBe(1);
    expect(codeOf(await product.login('dev:afterwards'))).toBeUndefined();
  });

  test.for(UNREACHABLE)('%s cannot be reached', async (host, { annotate }) => {
    await start({ WECHAT_API_URL: `http://${host}:${await freePort()}` });
    const { extensions } = await failing('dev:nobody', annotate);
    expect(extensions).toEqual({ code: 'WECHAT_UNAVAILABLE', action: 'RETRY_LATER' });
  });

  test('a refused connection is retried: WeChat that starts 50 ms later gets one call', async () => {
    const port = await freePort();
    await start({ WECHAT_API_URL: `http://127.0.0.1:${port}`, WECHAT_TIMEOUT_MS: '5000' });
    let calls = 0;
    const wechat = createServer((_request, response) => {
      calls += 1;
      response.end(JSON.stringify({ openid: `o${'A'.repeat(27)}`, session_key: 'Q0FOQVJZc2tzdG9yYWdlMQ==' }));
    });
    const login = product.login('any');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise<void>((resolve) => wechat.listen(port, '127.0.0.1', resolve));
    expect(codeOf(await login)).toBeUndefined();
    expect(calls).toBe(1);
    wechat.closeAllConnections();
    await new Promise((resolve) => wechat.close(resolve));
  });
});

describe('when WeChat is down', () => {
  test('the circuit opens, errors have retryAfter, and a probe closes it again', async () => {
    await start({ WECHAT_TIMEOUT_MS: '200' });
    for (let i = 0; i < 10; i += 1) await product.login('fault:stall');
    const before = product.sandbox.calls().length;
    const crowd = await Promise.all(Array.from({ length: 200 }, () => product.login('dev:crowd')));
    expect(product.sandbox.calls().length).toBe(before);
    expect(new Set(crowd.map(codeOf))).toEqual(new Set(['WECHAT_UNAVAILABLE']));
    const [{ extensions } = {}] = crowd[0]?.errors ?? [];
    expect(extensions).toEqual({ code: 'WECHAT_UNAVAILABLE', action: 'RETRY_LATER', retryAfter: 3 });
    await new Promise((resolve) => setTimeout(resolve, 3100));
    const probes = await Promise.all(Array.from({ length: 50 }, () => product.login('dev:crowd')));
    expect(probes.filter((answer) => codeOf(answer) === undefined).length).toBeGreaterThan(0);
    expect(codeOf(await product.login('dev:crowd'))).toBeUndefined();
  });

  test('errcodes do not open the circuit: invalid codes of attackers lock nobody out', async () => {
    await start();
    await Promise.all(Array.from({ length: 100 }, (_, i) => product.login(`wrong-${i}`)));
    await Promise.all(Array.from({ length: 50 }, () => product.login('fault:-1')));
    await Promise.all(Array.from({ length: 50 }, () => product.login('fault:http-429')));
    expect(codeOf(await product.login('dev:honest'))).toBeUndefined();
  });

  test('at most WECHAT_MAX_CALLS run, the rest waits or fails at once, and no code is used after its request failed', async () => {
    await start({ WECHAT_MAX_CALLS: '4', WECHAT_TIMEOUT_MS: '2000' });
    const answers = await Promise.all(Array.from({ length: 60 }, () => product.login('fault:stall')));
    expect(upstream('fault:stall')).toBe(4);
    expect(new Set(answers.map(codeOf))).toEqual(new Set(['WECHAT_UNAVAILABLE']));
    expect(answers.filter(({ errors }) => errors?.[0]?.extensions.retryAfter === 3)).toHaveLength(56);
    const next = await Promise.all(Array.from({ length: 8 }, (_, i) => product.login(`dev:waiting-${i}`)));
    expect(next.map(codeOf)).toEqual(Array(8).fill(undefined));
  });

  test('1,000 logins while WeChat throttles: 1,000 times WECHAT_RATE_LIMITED with retryAfter', async () => {
    await start({ WECHAT_TIMEOUT_MS: '20000' });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => product.login('fault:45011')));
    for (const { errors } of answers)
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'WECHAT_RATE_LIMITED', retryAfter: 60 });
  });
});

describe('the log', () => {
  test('says once that the circuit opened, and once that it closed', async () => {
    await start();
    const outages: unknown[] = [];
    const wechat = createWeChat({
      apiUrl: product.sandbox.url,
      timeoutMs: TIMEOUT_MS,
      maxCalls: 10,
      onOutage: (...outage) => outages.push(outage),
    });
    const app = { appId: APP_ID, secret: APP_SECRET };
    const fail = () => wechat.code2Session(app, 'fault:reset').catch(() => undefined);
    for (let i = 0; i < 20; i += 1) await fail();
    expect(outages).toEqual([['jscode2session', true]]);
    await new Promise((resolve) => setTimeout(resolve, 3100));
    await fail();
    expect(outages).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 3100));
    await wechat.code2Session(app, 'dev:well');
    expect(outages.slice(1)).toEqual([['jscode2session', false]]);
  });

  test('has errcode, rid, endpoint and remedy of configuration errors, and no secret', async () => {
    await start();
    const lines: string[] = [];
    const app = await createApp(
      readConfig(environment({ DATABASE_URL: 'file::memory:', WECHAT_API_URL: product.sandbox.url })),
      { overrides: { log: createLog('info', { write: (line) => lines.push(line) }) } },
    );
    const login = async (code: string) => {
      const body = JSON.stringify({ query: `mutation { login(code: "${code}") { token } }` });
      const headers = { 'content-type': 'application/json' };
      await app.fetch(
        'http://localhost/graphql',
        { method: 'POST', headers, body },
        { requestId: 'r1', address: '' },
      );
      for (const line of lines) expect(line).not.toMatch(/fault:|https?:|canary/i);
      return lines.map((line) => JSON.parse(line)).findLast(({ msg }) => msg !== 'operation');
    };
    const wechat = { endpoint: 'jscode2session', rid: expect.stringMatching(/^[\w-]{20,}$/) };
    expect(await login('fault:40125')).toMatchObject({
      level: 50,
      requestId: 'r1',
      wechat: { ...wechat, errcode: 40125, remedy: expect.stringContaining('WECHAT_APP_SECRET') },
    });
    expect(await login('fault:40164')).toMatchObject({
      level: 50,
      wechat: { ...wechat, errcode: 40164, remedy: expect.stringContaining('whitelist') },
    });
    expect(await login('fault:40029')).toMatchObject({ level: 30, wechat: { ...wechat, errcode: 40029 } });
    expect(await login('fault:html')).toMatchObject({
      level: 40,
      msg: 'jscode2session: the response is not a JSON object',
    });
    expect(await login('fault:reset')).toMatchObject({
      level: 40,
      msg: expect.stringContaining('no response'),
    });
    await app.close();
  });
});
