import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse as parseScript } from 'acorn';
import { transformSync } from 'esbuild';
import { parse, print } from 'graphql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, ClientOptions, RequestError, Session } from '../client/src/index.mts';
import type { HttpServer } from '../src/http/server.ts';

import { APP_SECRET } from './support/canaries.ts';
import { buildClient, loadClient, loadEncrypted, loadInOldRuntime } from './support/client.ts';
import { listening } from './support/listening.ts';
import { APP_ID, type Product, startProduct } from './support/product.ts';
import { installClient, tsc } from './support/project.ts';
import { createWire, type Fate, type Wire } from './support/wire.ts';
import { createPhone, type Phone } from './support/wx.ts';

const ME = 'query Me { me { id openId nickName } }';
const RENAME =
  'mutation Rename($name: String!) { updateProfile(profile: { nickName: $name }) { user { nickName } } }';
const HOUR = 3_600_000;
const ENTRIES = ['encrypted', 'fetch', 'index'];

type Me = { me: { id: string; openId: string; nickName: string | null } };

let folder: string;
let product: Product;
let server: HttpServer;
let wire: Wire;
let phone: Phone;
let person: string;
let people = 0;

beforeAll(async () => {
  folder = buildClient();
  product = await startProduct('file::memory:');
  server = await listening(product);
});
afterAll(async () => {
  await server.close();
  await product.close();
});
beforeEach(async () => {
  product.clock.now = Date.now();
  wire = await createWire(server.port);
  person = `phone${people++}`;
  phone = createPhone(() => product.mint(person));
});
afterEach(() => wire.close());

/** A client of the built package, in a world with wx. Without `setTimeout` it does not wait before retries. */
function start(options: Partial<ClientOptions> = {}, names: Record<string, unknown> = {}): Client {
  return loadClient(folder, { wx: phone.wx, ...names }).createClient({ url: wire.url, ...options });
}

/** Does the work 50 times at the same time. */
function many<T>(work: (i: number) => Promise<T>): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(Array.from({ length: 50 }, (_, i) => work(i)));
}

function fulfilled<T>(results: PromiseSettledResult<T>[]): T[] {
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

function errorOf(request: Promise<unknown>): Promise<RequestError> {
  return request.then(
    () => Promise.reject(new Error('the request did not fail')),
    (error) => error,
  );
}

function errorResponse(code: string, action: string, more: object = {}): Fate {
  return jsonResponse({ data: null, errors: [{ message: code, extensions: { code, action, ...more } }] });
}

function jsonResponse(body: object): Fate {
  return { status: 200, type: 'application/json', body: JSON.stringify(body) };
}

/** Gives the first requests of an operation this fate. */
function on(operation: string, fate: Fate, times = Number.POSITIVE_INFINITY): Wire['fate'] {
  return ({ operation: given }) => (given === operation && times-- > 0 ? fate : 'PASS');
}

describe('automatic login', () => {
  test('50 requests at a cold start share one wx.login and one login mutation, and all succeed', async () => {
    const client = start();
    const answers = fulfilled(await many(() => client.request<Me>(ME)));
    expect(answers).toHaveLength(50);
    expect(new Set(answers.map(({ me }) => me.openId)).size).toBe(1);
    expect([phone.seen.logins, wire.count('Login'), wire.count('Me')]).toEqual([1, 1, 50]);
    expect(phone.seen.mostInFlight).toBeLessThanOrEqual(10);
  });

  test('50 requests with a token that the server calls expired share one new login, and all succeed', async () => {
    const client = start();
    await client.request(ME);
    product.clock.now += HOUR + 1000;
    const answers = fulfilled(await many(() => client.request<Me>(ME)));
    expect(answers).toHaveLength(50);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([2, 2]);
    expect(phone.seen.mostInFlight).toBeLessThanOrEqual(10);
  });

  test('a token that has expired by the clock of the phone is not sent: 50 requests wait for the login', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    await client.request(ME);
    later = 24 * HOUR;
    product.clock.now = Date.now() + later;
    expect(fulfilled(await many(() => client.request<Me>(ME)))).toHaveLength(50);
    expect([phone.seen.logins, wire.count('Login'), wire.count('Me')]).toEqual([2, 2, 51]);
    product.clock.now = Date.now();
  });

  test('if the server always returns UNAUTHENTICATED, a request is sent twice, then fails', async () => {
    wire.fate = on('Me', errorResponse('UNAUTHENTICATED', 'RELOGIN'));
    await expect(start().request(ME)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
    expect([wire.count('Me'), wire.count('Login'), phone.seen.logins]).toEqual([2, 2, 2]);
  });

  test('if the server always returns UNAUTHENTICATED, 50 requests are sent twice each and fail after less than 15 logins', async () => {
    const client = start();
    wire.fate = on('Me', errorResponse('UNAUTHENTICATED', 'RELOGIN'));
    const results = await many(() => client.request(ME));
    expect(fulfilled(results)).toEqual([]);
    expect(wire.count('Me')).toBe(100);
    expect(phone.seen.logins).toBeLessThan(15);
  });

  test('the token is stored: after a restart no login is needed', async () => {
    const { me } = await start().request<Me>(ME);
    const restarted = start();
    expect(restarted.session()?.user.id).toBe(me.id);
    expect((await restarted.request<Me>(ME)).me).toEqual(me);
    expect(phone.seen.logins).toBe(1);
  });

  test.each([
    'not json',
    '',
    'null',
    '[]',
    '{"session":{"token":"a.b.c"}}',
    '{"name":"SIGNED_IN","session":{"token":"a.b.c"}}',
    '{"name":"SIGNED_IN"}',
  ])('if the storage holds the invalid session %j, the client logs in', async (invalid) => {
    phone.storage.set(`weapp-login:${wire.url}`, invalid);
    expect((await start().request<Me>(ME)).me.openId).toMatch(/^o/);
  });

  test('if the storage throws, the session is kept in memory', async () => {
    const broken = () => {
      throw new Error('setStorageSync:fail');
    };
    const client = start({ storage: { getStorageSync: broken, setStorageSync: broken } });
    await client.request(ME);
    await client.request(ME);
    expect(phone.seen.logins).toBe(1);
  });

  test('a token in the last fifth of its lifetime is renewed without wx.login, once for 50 requests', async () => {
    let later = 0;
    const sessions: (Session | null)[] = [];
    const client = start({
      now: () => Date.now() + later,
      onSession: (session) => void sessions.push(session),
    });
    await client.request(ME);
    later = 0.9 * HOUR;
    product.clock.now = Date.now() + later;
    expect(fulfilled(await many(() => client.request<Me>(ME)))).toHaveLength(50);
    expect([phone.seen.logins, wire.count('Renew')]).toEqual([1, 1]);
    expect(sessions).toHaveLength(2);
    expect(client.session()?.token).toBe(sessions[1]?.token);
    product.clock.now = Date.now();
  });

  test('if a renewal fails, requests use the current token, and the next renewal is a minute later', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    await client.request(ME);
    later = 0.9 * HOUR;
    wire.fate = on('Renew', errorResponse('SERVICE_UNAVAILABLE', 'RETRY_LATER', { retryAfter: 2 }));
    await client.request(ME);
    await client.request(ME);
    expect([wire.count('Renew'), phone.seen.logins]).toEqual([1, 1]);
    later += 61_000;
    wire.fate = () => 'PASS';
    await client.request(ME);
    expect([wire.count('Renew'), phone.seen.logins]).toEqual([2, 2]);
  });

  test('if a renewed token does not expire later, the client logs in', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    const { token, expiresAt, user } = await client.login();
    later = 0.9 * HOUR;
    const session = { token: 'a.b.c', expiresAt, user };
    wire.fate = on('Renew', jsonResponse({ data: { session } }));
    expect((await client.request<Me>(ME)).me.id).toBe(user.id);
    expect(phone.seen.logins).toBe(2);
    expect(client.session()?.token).not.toBe(token);
  });

  test('a token is sent only to the server that issued it', async () => {
    await start().request(ME);
    const other = await createWire(server.port);
    await start({ url: other.url }).request(ME);
    await other.close();
    expect(phone.seen.logins).toBe(2);
  });

  test('a phone with a clock 3 days ahead logs in once for 3 requests', async () => {
    const client = start({ now: () => Date.now() + 72 * HOUR });
    for (let i = 0; i < 3; i++) await client.request(ME);
    expect(phone.seen.logins).toBe(1);
  });

  test.each([3590, 3560])(
    'a phone with a clock %i seconds ahead logs in once for 5 requests, and never renews',
    async (ahead) => {
      let later = ahead * 1000;
      const client = start({ now: () => Date.now() + later });
      for (let i = 0; i < 5; i++) {
        await client.request(ME);
        later += 15_000;
      }
      expect([phone.seen.logins, wire.count('Renew')]).toEqual([1, 0]);
    },
  );
});

describe('failed logins', () => {
  test('if the response to login is lost, the same code and Idempotency-Key are sent again', async () => {
    wire.fate = on('Login', 'LOSE_THE_ANSWER', 1);
    expect((await start().request<Me>(ME)).me.openId).toMatch(/^o/);
    const [first, second] = wire.sent.filter(({ operation }) => operation === 'Login');
    expect(first?.headers['idempotency-key']).toMatch(/^[\w.-]{16,64}$/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(second?.body).toEqual(first?.body);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 2]);
  });

  test('if the login request is lost, the same code is sent again', async () => {
    wire.fate = on('Login', 'LOSE_THE_REQUEST', 1);
    await start().request(ME);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 2]);
  });

  test('if a gateway returns an error page to login, the same code is sent again', async () => {
    wire.fate = on('Login', { status: 502, body: '<html>502 Bad Gateway</html>' }, 1);
    await start().request(ME);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 2]);
  });

  test('if WeChat rejects a code as used, the client gets a new one and logs in', async () => {
    const spent = await product.mint('spent');
    await product.login(spent);
    const codes = [spent];
    phone = createPhone(async () => codes.shift() ?? product.mint('spent'));
    await start().request(ME);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([2, 2]);
  });

  test('if WeChat rejects the second code too, the request fails', async () => {
    phone = createPhone(async () => 'fault:40163');
    await expect(start().request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'WECHAT_CODE_INVALID',
      wechat: { errcode: 40163 },
    });
    expect([phone.seen.logins, wire.count('Login')]).toEqual([2, 2]);
  });

  test('after a login error with the action STOP, the client does not log in again until the app calls login', async () => {
    let code = 'fault:40226';
    phone = createPhone(async () => code);
    const client = start({}, { setTimeout });
    for (let i = 0; i < 3; i++)
      await expect(client.request(ME)).rejects.toMatchObject({ code: 'WECHAT_USER_BLOCKED', action: 'STOP' });
    expect(phone.seen.logins).toBe(1);
    code = 'dev:pardoned';
    await client.login();
    expect((await client.request<Me>(ME)).me.openId).toMatch(/^o/);
  });

  test('after a login error with retryAfter, the client does not log in again before that time', async () => {
    let later = 0;
    let code = 'fault:45011';
    phone = createPhone(async () => code);
    const client = start({ now: () => Date.now() + later }, { setTimeout });
    const results = await many(() => client.request(ME));
    expect(results.every((result) => result.status === 'rejected')).toBe(true);
    const error = await errorOf(client.request(ME));
    expect(error).toMatchObject({ code: 'WECHAT_RATE_LIMITED', action: 'RETRY_LATER' });
    expect(error.retryAfter).toBeGreaterThan(5);
    expect(phone.seen.logins).toBe(1);
    code = 'dev:patient';
    later = Number(error.retryAfter) * 1000 + 1;
    await client.request(ME);
    expect(phone.seen.logins).toBe(2);
  });

  test('if wx.login fails, the request fails with WX_LOGIN_FAILED, and the next login can succeed', async () => {
    let broken = true;
    phone = createPhone(() => (broken ? Promise.reject(new Error('offline')) : product.mint('offline')));
    const client = start();
    await expect(client.request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'WX_LOGIN_FAILED',
      action: 'RETRY_LATER',
      message: 'login:fail',
    });
    broken = false;
    await client.login();
    await client.request(ME);
  });
});

describe('a platform that does not call back, throws or lacks a function', () => {
  const timers = { setTimeout, clearTimeout };
  const silent = () => ({});

  test('if wx.login never calls back, all requests fail with WX_LOGIN_FAILED, and the next login can succeed', async () => {
    const { login } = phone.wx;
    phone.wx.login = () => undefined;
    const client = start({ timeout: 100 }, timers);
    const failed = await Promise.all(
      [ME, RENAME].map((text) => errorOf(client.request(text, { name: 'x' }))),
    );
    for (const error of failed)
      expect(error).toMatchObject({ code: 'WX_LOGIN_FAILED', action: 'RETRY_LATER', message: 'timeout' });
    phone.wx.login = login;
    await client.login();
    expect((await client.request<Me>(ME)).me.openId).toMatch(/^o/);
  });

  test('if the login option never settles, the request fails with WX_LOGIN_FAILED', async () => {
    const client = start({ timeout: 100, login: () => new Promise(() => undefined) }, timers);
    await expect(client.login()).rejects.toMatchObject({ code: 'WX_LOGIN_FAILED', message: 'timeout' });
  });

  test('if wx.request never calls back, a mutation fails with NETWORK', async () => {
    await start().login();
    const client = start({ timeout: 100, request: silent }, timers);
    await expect(client.request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'NETWORK',
      action: 'RETRY_LATER',
      message: 'timeout',
      requestId: expect.stringMatching(/^\d{10}$/),
    });
  });

  test('requests that never call back do not block those that wait for a slot', async () => {
    await start().login();
    let hanging = 9;
    const { request } = phone.wx;
    const client = start(
      { timeout: 300, request: (options) => (hanging-- > 0 ? {} : request(options)) },
      timers,
    );
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) => client.request(RENAME, { name: `n${i}` })),
    );
    expect(results.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 9 }, () => 'rejected'),
      ...Array.from({ length: 3 }, () => 'fulfilled'),
    ]);
  });

  test('if the response to login never comes, the login fails with NETWORK after a second try with the same code', async () => {
    const codes: unknown[] = [];
    const request: ClientOptions['request'] = ({ data }) => {
      codes.push(JSON.parse(data).variables.code);
      return {};
    };
    await expect(start({ timeout: 100, request }, timers).login()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(codes).toHaveLength(2);
    expect(new Set(codes).size).toBe(1);
  });

  test('a timer of the client ends with its request', async () => {
    const running = new Set<unknown>();
    const client = start(
      {},
      {
        setTimeout: (callback: () => void, milliseconds: number) => {
          const timer = setTimeout(callback, milliseconds);
          running.add(timer);
          return timer;
        },
        clearTimeout: (timer: NodeJS.Timeout) => {
          clearTimeout(timer);
          running.delete(timer);
        },
      },
    );
    await client.request(ME);
    expect(running.size).toBe(0);
  });

  test('if request throws, the error has its message, and login is not tried again', async () => {
    let calls = 0;
    const client = start({
      request: () => {
        calls++;
        throw new TypeError('request: invalid url');
      },
    });
    for (let i = 0; i < 2; i++)
      await expect(client.request(ME)).rejects.toMatchObject({
        name: 'RequestError',
        code: 'NETWORK',
        action: 'STOP',
        message: 'request: invalid url',
        requestId: expect.stringMatching(/^\d{10}$/),
      });
    expect([phone.seen.logins, calls]).toEqual([1, 2]);
  });

  test('without wx.login, as in a worker, requests fail with WX_LOGIN_FAILED and the action STOP', async () => {
    const { login: _none, ...worker } = phone.wx;
    const client = start({}, { wx: worker });
    for (let i = 0; i < 2; i++)
      await expect(client.request(ME)).rejects.toMatchObject({
        code: 'WX_LOGIN_FAILED',
        action: 'STOP',
        message: expect.stringContaining('login is not a function'),
      });
    expect(wire.sent).toEqual([]);
  });

  test('the errno of wx.request and wx.login is kept', async () => {
    await start().login();
    const offline: ClientOptions['request'] = ({ fail }) => {
      const reason = { errMsg: 'request:fail', errno: 600001 };
      fail(reason);
      return {};
    };
    await expect(start({ request: offline }).request(RENAME)).rejects.toMatchObject({
      code: 'NETWORK',
      message: 'request:fail',
      errno: 600001,
    });
    phone.wx.login = ({ fail }) => {
      const reason = { errMsg: 'login:fail', errno: 600000 };
      fail?.(reason);
    };
    await expect(start().login()).rejects.toMatchObject({ code: 'WX_LOGIN_FAILED', errno: 600000 });
  });

  test.each([undefined, null, 'offline', new Error('offline'), { errMsg: 'offline' }])(
    'a login option that rejects with %j causes WX_LOGIN_FAILED',
    async (reason) => {
      await expect(start({ login: () => Promise.reject(reason) }).login()).rejects.toMatchObject({
        name: 'RequestError',
        code: 'WX_LOGIN_FAILED',
        action: 'RETRY_LATER',
      });
    },
  );

  test('ensureSession logs in once, and again if the session is rejected', async () => {
    const client = start();
    const session = await client.ensureSession();
    expect(await client.ensureSession()).toBe(session);
    expect((await client.ensureSession(session)).token).not.toBe(session.token);
    expect(phone.seen.logins).toBe(2);
    await client.logout();
    await expect(client.ensureSession()).rejects.toMatchObject({ code: 'LOGGED_OUT', action: 'RELOGIN' });
  });

  test('an error code of a newer server reaches the app unchanged', async () => {
    await start().login();
    wire.fate = on('Rename', errorResponse('TEAPOT', 'STOP'));
    await expect(start().request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'TEAPOT',
      action: 'STOP',
    });
  });
});

describe('a runtime with wx and the built-ins of ECMAScript 2015 only', () => {
  test.each(['index.js', 'index.mjs'])('%s logs in, renews, retries and logs out', async (file) => {
    const { createClient } = loadInOldRuntime(readFileSync(`${folder}/${file}`, 'utf8'), phone.wx);
    let later = 0;
    const options = { url: wire.url, now: () => Date.now() + later };
    const client = createClient(options);
    expect(fulfilled(await many(() => client.request<Me>(ME)))).toHaveLength(50);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 1]);

    later = 0.9 * HOUR;
    product.clock.now = Date.now() + later;
    await client.request(ME);
    expect([phone.seen.logins, wire.count('Renew')]).toEqual([1, 1]);

    wire.fate = on('Rename', errorResponse('UNAUTHENTICATED', 'RELOGIN'), 1);
    await client.request(RENAME, { name: 'Old' });
    expect([phone.seen.logins, wire.count('Rename')]).toEqual([2, 2]);
    wire.fate = on('Me', 'LOSE_THE_ANSWER', 1);
    expect((await client.request<Me>(ME)).me.nickName).toBe('Old');

    await client.logout();
    await expect(client.request(ME)).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    await client.login();
    const task = client.request(ME);
    task.abort();
    await expect(task).rejects.toMatchObject({ code: 'ABORTED' });
    product.clock.now = Date.now();
  });

  test('has neither Promise.prototype.finally nor Object.values, timers or a console', () => {
    const names = `[typeof Promise.prototype.finally, typeof Object.values, typeof setTimeout, typeof console]`;
    expect(loadInOldRuntime(`module.exports = ${names};`, phone.wx)).toEqual(Array(4).fill('undefined'));
  });
});

describe('failed requests', () => {
  test('a query is sent once more after a network failure', async () => {
    const client = start({}, { setTimeout });
    await client.login();
    wire.fate = on('Me', 'LOSE_THE_ANSWER', 1);
    expect((await client.request<Me>(ME)).me.openId).toMatch(/^o/);
    wire.fate = on('Me', 'LOSE_THE_ANSWER');
    await expect(client.request(ME)).rejects.toMatchObject({
      code: 'NETWORK',
      action: 'RETRY_LATER',
      errors: [],
    });
    expect(wire.count('Me')).toBe(4);
  });

  test.each([
    RENAME,
    `# a comment\n${RENAME}`,
    `${'#'.repeat(60)}\n${RENAME}`,
    `fragment F on User { id } ${RENAME}`,
  ])('a mutation is not sent again after a network failure: %s', async (mutation) => {
    const client = start({}, { setTimeout });
    await client.login();
    wire.fate = on('Rename', 'LOSE_THE_ANSWER');
    await expect(client.request(mutation, { name: 'x' })).rejects.toMatchObject({ code: 'NETWORK' });
    expect(wire.count('Rename')).toBe(1);
  });

  test.each([{ data: null }, { data: { updateProfile: null } }])(
    'a mutation that the server rejected with UNAUTHENTICATED and %j is sent again after the login',
    async (response) => {
      const client = start();
      await client.login();
      const errors = [{ message: '', extensions: { code: 'UNAUTHENTICATED' } }];
      wire.fate = on('Rename', jsonResponse({ ...response, errors }), 1);
      expect(await client.request(RENAME, { name: 'Twice' })).toEqual({
        updateProfile: { user: { nickName: 'Twice' } },
      });
      expect([wire.count('Rename'), phone.seen.logins]).toEqual([2, 2]);
    },
  );

  test('a mutation with partial data is not sent again', async () => {
    const client = start();
    await client.login();
    const data = { updateProfile: { user: { nickName: 'x' } }, other: null };
    const errors = [{ message: '', extensions: { code: 'UNAUTHENTICATED' } }];
    wire.fate = on('Rename', jsonResponse({ data, errors }), 1);
    await expect(client.request(RENAME, { name: 'Thrice' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      data,
    });
    expect(wire.count('Rename')).toBe(1);
  });

  test('if the token has expired on the server, a mutation is sent again after the login', async () => {
    const client = start();
    await client.login();
    product.clock.now += HOUR + 1000;
    expect(await client.request(RENAME, { name: 'Later' })).toEqual({
      updateProfile: { user: { nickName: 'Later' } },
    });
    expect([wire.count('Rename'), phone.seen.logins]).toEqual([2, 2]);
    product.clock.now = Date.now();
  });

  test('a query is retried after a short retryAfter; with a long one it fails', async () => {
    const client = start({}, { setTimeout });
    await client.login();
    wire.fate = on('Me', errorResponse('SERVICE_UNAVAILABLE', 'RETRY_LATER', { retryAfter: 1 }), 1);
    await client.request(ME);
    wire.fate = on('Me', errorResponse('RATE_LIMITED', 'RETRY_LATER', { retryAfter: 60 }));
    await expect(client.request(ME)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 });
    expect(wire.count('Me')).toBe(3);
  });

  test.each<[string, Fate]>([
    ["a gateway's page", { status: 504, body: '<html>504 Gateway Time-out</html>' }],
    ['an empty body', { status: 200, body: '' }],
    ['JSON that is not GraphQL', { status: 500, type: 'application/json', body: '{"message":"oops"}' }],
    ['null', { status: 200, type: 'application/json', body: 'null' }],
    ['errors that are null', { status: 200, type: 'application/json', body: '{"errors":[null]}' }],
    ['errors that are a string', { status: 200, type: 'application/json', body: '{"errors":"no"}' }],
  ])('%s causes the error BAD_ANSWER', async (_name, fate) => {
    const client = start();
    await client.login();
    wire.fate = on('Rename', fate);
    await expect(client.request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      action: 'RETRY_LATER',
      requestId: expect.stringMatching(/^\d{10}$/),
    });
  });

  test('JSON is parsed if the platform returns it as a string', async () => {
    const { request } = phone.wx;
    const asText: ClientOptions['request'] = (options) =>
      request({
        ...options,
        success: (response) => options.success({ ...response, data: JSON.stringify(response.data) }),
      });
    expect((await start({ request: asText }).request<Me>(ME)).me.openId).toMatch(/^o/);
  });

  test('an error has a code, an action, the request id and the GraphQL errors', async () => {
    const client = start();
    const error = await errorOf(client.request('query Bad { nothing }'));
    expect(error).toMatchObject({
      name: 'RequestError',
      code: 'GRAPHQL_VALIDATION_FAILED',
      action: 'FIX_REQUEST',
      errors: [{ message: expect.stringContaining('nothing') }],
    });
    expect(wire.sent.at(-1)?.headers['x-request-id']).toBe(error.requestId);
  });

  test('if the server does not respond within the timeout, the request fails with NETWORK', async () => {
    await start().login();
    wire.fate = on('Rename', 'HANG');
    await expect(start({ timeout: 300 }).request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'NETWORK',
      message: 'request:fail timeout',
    });
  });

  test('abort ends a request in flight, and one that waits for a login; the login continues for the others', async () => {
    const client = start({}, { setTimeout });
    const [waiting, other] = [client.request(ME), client.request<Me>(ME)];
    waiting.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', action: 'STOP' });
    expect((await other).me.openId).toMatch(/^o/);
    expect(wire.count('Me')).toBe(1);
    wire.fate = on('Me', 'HANG');
    const onItsWay = client.request(ME);
    while (wire.count('Me') < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    onItsWay.abort();
    await expect(onItsWay).rejects.toMatchObject({ code: 'ABORTED' });
    wire.fate = () => 'PASS';
    expect(fulfilled(await many(() => client.request<Me>(ME)))).toHaveLength(50);
    expect(wire.count('Me')).toBe(52);
  });

  test('a persisted document is sent as its id, without the text', async () => {
    const client = start({ documentId: (text) => (text === ME ? 'sha256:abc' : undefined) });
    await client.request(ME).catch(() => undefined);
    expect(wire.sent.at(-1)?.body).toEqual({ documentId: 'sha256:abc' });
  });
});

describe('login and logout by the app', () => {
  test('logout revokes the token, and requests fail with LOGGED_OUT, also after a restart, until login', async () => {
    const sessions: (Session | null)[] = [];
    const client = start({ onSession: (session) => void sessions.push(session) });
    const { token, isNewUser, user } = await client.login();
    expect([isNewUser, user.nickName]).toEqual([true, null]);
    await client.logout();
    expect((await product.query('{ me { id } }', { token })).errors?.[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    );
    await expect(client.request(ME)).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    await expect(start().request(ME)).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    expect([phone.seen.logins, client.session()]).toEqual([1, undefined]);
    await client.login();
    await client.request(ME);
    expect(sessions.map((session) => session?.user.id)).toEqual([user.id, undefined, user.id]);
  });

  test('login during a renewal still logs in with a new code', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    await client.login();
    later = 0.9 * HOUR;
    product.clock.now = Date.now() + later;
    const request = client.request<Me>(ME);
    expect((await client.login()).isNewUser).toBe(false);
    expect((await request).me.openId).toMatch(/^o/);
    expect([phone.seen.logins, wire.count('Login'), wire.count('Renew')]).toEqual([2, 2, 1]);
    product.clock.now = Date.now();
  });

  test('logout deletes the token on the phone even if the server cannot be reached', async () => {
    const client = start();
    await client.login();
    wire.fate = on('Logout', 'LOSE_THE_REQUEST');
    await expect(client.logout()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(client.session()).toBeUndefined();
  });

  test('a profile is sent once, with the next login', async () => {
    const client = start();
    client.setUserInfo({ nickName: 'Given' });
    expect((await client.request<Me>(ME)).me.nickName).toBe('Given');
    expect((await client.login({ userInfo: { nickName: 'Again 🐳' } })).user.nickName).toBe('Again 🐳');
    await client.request(RENAME, { name: 'Chosen' });
    expect((await client.login()).user.nickName).toBe('Chosen');
  });

  test('a profile that the server rejects is not sent again', async () => {
    const client = start();
    wire.fate = on('Login', errorResponse('BAD_USER_INPUT', 'FIX_REQUEST'), 1);
    await expect(client.login({ userInfo: { nickName: 'Rejected' } })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      action: 'FIX_REQUEST',
    });
    expect((await client.login()).user.nickName).toBeNull();
  });

  test('a profile that is set during a login is sent with a second login', async () => {
    const client = start();
    const [, session] = await Promise.all([client.login(), client.login({ userInfo: { nickName: 'Late' } })]);
    expect(session.user.nickName).toBe('Late');
  });

  test('appId selects the mini program', async () => {
    const client = start({ appId: 'wxcanary00000002', login: () => 'dev:second' });
    const here = (await client.login()).user.id;
    const there = (await start({ login: () => 'dev:second' }).login()).user.id;
    expect(here).not.toBe(there);
  });
});

describe('data that WeChat encrypts', () => {
  type Encrypted = { encryptedData: string; iv: string };
  type Steps = { decryptRunData: { days: { steps: number }[] } };
  const RUN = 'mutation Run($data: EncryptedInput!) { decryptRunData(data: $data) { days { steps } } }';
  let order: string[];

  beforeEach(() => {
    order = [];
    wire.fate = ({ operation }) => {
      order.push(operation);
      return 'PASS';
    };
  });

  /** As wx.getWeRunData: encrypted with the current session_key of the user. */
  const read = async () => {
    order.push('read');
    const { encryptedData, iv } = await product.control<Encrypted>('encrypted', {
      user: person,
      kind: 'run',
    });
    return { encryptedData, iv };
  };

  const startSender = (client: Client) => {
    const { createEncryptedSender } = loadEncrypted(folder);
    const sendEncrypted = createEncryptedSender(client);
    const send = (data: Encrypted) => client.request<Steps>(RUN, { data });
    return { sendEncrypted, send, sendSteps: () => sendEncrypted(read, send) };
  };

  /** Another system, or wx.login outside the client, exchanges a code of the same user. */
  const rotateSessionKey = async () => {
    const query = new URLSearchParams({
      appid: APP_ID,
      secret: APP_SECRET,
      js_code: await product.mint(person),
      grant_type: 'authorization_code',
    });
    const response = await fetch(`${product.sandbox.url}/sns/jscode2session?${query}`);
    expect(await response.json()).toHaveProperty('session_key');
  };

  test('without a session: logs in, then reads, then sends', async () => {
    const { decryptRunData } = await startSender(start()).sendSteps();
    expect(decryptRunData.days).toHaveLength(30);
    expect(order).toEqual(['Login', 'read', 'Run']);
  });

  test('with a session: reads, then sends, without a login', async () => {
    const client = start();
    await client.login();
    await startSender(client).sendSteps();
    expect(order).toEqual(['Login', 'read', 'Run']);
    expect(phone.seen.logins).toBe(1);
  });

  test('a token that expires soon is renewed before the data is read', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    await client.login();
    later = 0.9 * HOUR;
    product.clock.now = Date.now() + later;
    await startSender(client).sendSteps();
    expect(order).toEqual(['Login', 'Renew', 'read', 'Run']);
    product.clock.now = Date.now();
  });

  test('after WECHAT_SESSION_STALE: logs in, reads new data and sends it, once', async () => {
    const client = start();
    await client.login();
    await rotateSessionKey();
    await startSender(client).sendSteps();
    expect(order).toEqual(['Login', 'read', 'Run', 'Login', 'read', 'Run']);
    expect(phone.seen.logins).toBe(2);
  });

  test('if the data is stale again, the call fails with WECHAT_SESSION_STALE', async () => {
    const { sendEncrypted, send } = startSender(start());
    const late = async () => {
      await rotateSessionKey();
      return read();
    };
    await expect(sendEncrypted(late, send)).rejects.toMatchObject({ code: 'WECHAT_SESSION_STALE' });
    expect(order).toEqual(['Login', 'read', 'Run', 'Login', 'read', 'Run']);
  });

  test('if the client logs in between read and send, because the token was rejected, the data is read again', async () => {
    const client = start();
    const { sendEncrypted, send } = startSender(client);
    await client.login();
    let slow = true;
    const slowRead = async () => {
      const data = await read();
      if (slow) product.clock.now += HOUR + 1000;
      slow = false;
      return data;
    };
    expect((await sendEncrypted(slowRead, send)).decryptRunData.days).toHaveLength(30);
    expect(order).toEqual(['Login', 'read', 'Run', 'Login', 'Run', 'Login', 'read', 'Run']);
    product.clock.now = Date.now();
  });

  test('data that is invalid for another reason is sent once', async () => {
    const { sendEncrypted, send } = startSender(start());
    const foreign = async () => ({ ...(await read()), iv: 'AAAAAAAAAAAAAAAAAAAAAA==' });
    await expect(sendEncrypted(foreign, send)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(order).toEqual(['Login', 'read', 'Run']);
  });

  test('calls run one after the other, also after one that failed', async () => {
    const { sendEncrypted, send, sendSteps } = startSender(start());
    const denied = { errMsg: 'getWeRunData:fail auth deny' };
    const results = await Promise.allSettled([
      sendSteps(),
      sendEncrypted(() => Promise.reject(denied), send),
      sendSteps(),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: denied });
    expect(order).toEqual(['Login', 'read', 'Run', 'read', 'Run']);
  });

  test('after logout, nothing is read', async () => {
    const client = start();
    await client.login();
    await client.logout();
    await expect(startSender(client).sendSteps()).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    expect(order).toEqual(['Login', 'Logout']);
  });

  test('the entry is at most 300 bytes, minified and gzipped', () => {
    for (const file of ['encrypted.js', 'encrypted.mjs']) {
      const { code } = transformSync(readFileSync(`${folder}/${file}`), { minify: true, target: 'es2015' });
      expect(gzipSync(code, { level: 9 }).byteLength, file).toBeLessThanOrEqual(300);
    }
  });
});

describe('the package', () => {
  test.each([
    ['index.js', 'cjs'],
    ['index.js', undefined],
    ['index.mjs', 'esm'],
  ] as const)('%s is at most 2,048 bytes, minified and gzipped (format: %s)', (file, format) => {
    const { code } = transformSync(readFileSync(`${folder}/${file}`), {
      minify: true,
      target: 'es2015',
      ...(format && { format }),
    });
    expect(gzipSync(code, { level: 9 }).byteLength).toBeLessThanOrEqual(2048);
  });

  test('each entry is one file in each format, without imports', () => {
    const code = readdirSync(folder).filter((file) => /\.m?js$/.test(file));
    expect(code.sort()).toEqual(ENTRIES.flatMap((entry) => [`${entry}.js`, `${entry}.mjs`]));
    for (const file of code)
      expect(readFileSync(`${folder}/${file}`, 'utf8'), file).not.toMatch(
        /\b(import|require)\b|export .* from/,
      );
  });

  test.each(['team.mts', 'team.cts'])(
    '%s, a file of another project, finds the types of all entries',
    async (file) => {
      const project = mkdtempSync(join(tmpdir(), 'weapp-login-types-'));
      installClient(project, folder);
      const source = (url: string) => `
      import { createClient, type ErrorCode, RequestError } from 'weapp-login-client';
      import { createEncryptedSender } from 'weapp-login-client/encrypted';
      import { fetchRequest } from 'weapp-login-client/fetch';
      export const client = createClient({ url: ${url}, request: fetchRequest() });
      export const steps: Promise<number> = createEncryptedSender(client)(async () => '1', async (data) => data.length);
      export const code: ErrorCode = 'FORBIDDEN';
      export const error: Error = new RequestError('', { code });`;
      const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: [] };
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
      writeFileSync(join(project, file), source("'/graphql'"));
      expect(await tsc(project)).toEqual({ code: 0, output: '' });
      writeFileSync(join(project, file), source('42'));
      expect((await tsc(project)).output).toContain("Type 'number' is not assignable to type 'string'");
    },
  );

  test('operations.graphql contains the mutations that the client sends by itself', async () => {
    const client = start();
    await client.login();
    await client.logout();
    let later = 0;
    const renewing = start({ now: () => Date.now() + later });
    await renewing.login();
    later = 0.9 * HOUR;
    await renewing.request(ME);
    const sent = new Set(wire.sent.map(({ body }) => String(body.query)).filter((text) => text !== ME));
    const printed = (text: string) => parse(text, { noLocation: true }).definitions.map(print).sort();
    expect([...sent].flatMap(printed).sort()).toEqual(
      printed(readFileSync('client/operations.graphql', 'utf8')),
    );
  });

  test('all built files are ECMAScript 2015', () => {
    const files = readdirSync(folder).filter((file) => /\.m?js$/.test(file));
    expect(files).toHaveLength(2 * ENTRIES.length);
    for (const file of files) {
      const code = readFileSync(`${folder}/${file}`, 'utf8');
      const sourceType = file.endsWith('.mjs') ? 'module' : 'script';
      expect(parseScript(code, { ecmaVersion: 2015, sourceType }).type, file).toBe('Program');
    }
    expect(() => parseScript('async () => ({ ...{} })', { ecmaVersion: 2015 })).toThrow(SyntaxError);
  });

  test('package.json has the types of each entry, also for compilers that do not read exports', () => {
    const { exports, typesVersions }: { exports: object; typesVersions: { '*': Record<string, string[]> } } =
      JSON.parse(readFileSync('client/package.json', 'utf8'));
    for (const entry of ENTRIES.filter((name) => name !== 'index')) {
      expect(exports).toHaveProperty([`./${entry}`]);
      expect(typesVersions['*'][entry]).toEqual([`dist/${entry}.d.ts`]);
    }
    expect(Object.keys(typesVersions['*'])).toHaveLength(ENTRIES.length - 1);
  });

  test('works in Node with fetchRequest, and a storage and login of the app', async () => {
    const { createClient }: typeof import('../client/src/index.mts') = await import(`${folder}/index.mjs`);
    const { fetchRequest }: typeof import('../client/src/fetch.mts') = await import(`${folder}/fetch.mjs`);
    const options = {
      url: wire.url,
      request: fetchRequest(),
      login: () => 'dev:node',
      storage: phone.wx,
    };
    const client = createClient(options);
    expect((await client.request<Me>(ME)).me.openId).toMatch(/^o/);
    wire.fate = on('Rename', 'HANG');
    const impatient = createClient({ ...options, timeout: 300 });
    await expect(impatient.request(RENAME, { name: 'x' })).rejects.toMatchObject({ code: 'NETWORK' });
    const task = client.request(RENAME, { name: 'x' });
    task.abort();
    await expect(task).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
