import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { transformSync } from 'esbuild';
import { parse, print } from 'graphql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, ClientOptions, RequestError, Session } from '../client/src/index.mts';
import type { HttpServer } from '../src/http/server.ts';

import { buildClient, loadClient } from './support/client.ts';
import { listening } from './support/listening.ts';
import { type Product, startProduct } from './support/product.ts';
import { createWire, type Fate, type Wire } from './support/wire.ts';
import { createPhone, type Phone } from './support/wx.ts';

const ME = 'query Me { me { id openId nickName } }';
const RENAME = 'mutation Rename($name: String!) { updateProfile(profile: { nickName: $name }) { nickName } }';
const HOUR = 3_600_000;

type Me = { me: { id: string; openId: string; nickName: string | null } };

let folder: string;
let product: Product;
let server: HttpServer;
let wire: Wire;
let phone: Phone;
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
  wire = await createWire(server.port);
  const person = `phone${people++}`;
  phone = createPhone(() => product.mint(person));
});
afterEach(() => wire.close());

/** The package in a world with wx, and with timers where the test is about waiting. */
const start = (options: Partial<ClientOptions> = {}, names: Record<string, unknown> = {}): Client =>
  loadClient(folder, { wx: phone.wx, ...names }).createClient({ url: wire.url, ...options });

const many = <T>(work: (i: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: 50 }, (_, i) => work(i)));
const fulfilled = <T>(results: PromiseSettledResult<T>[]) =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));

const failureOf = (request: Promise<unknown>): Promise<RequestError> =>
  request.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );

const refusal = (code: string, action: string, more: object = {}): Fate => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify({ data: null, errors: [{ message: code, extensions: { code, action, ...more } }] }),
});
const on =
  (operation: string, fate: Fate, times = Number.POSITIVE_INFINITY): Wire['fate'] =>
  ({ operation: given }) =>
    given === operation && times-- > 0 ? fate : 'PASS';

describe('the client logs in by itself', () => {
  test('50 requests on a cold start: one wx.login, one login mutation, 50 answers', async () => {
    const client = start();
    const answers = fulfilled(await many(() => client.request<Me>(ME)));
    expect(answers).toHaveLength(50);
    expect(new Set(answers.map(({ me }) => me.openId)).size).toBe(1);
    expect([phone.seen.logins, wire.count('Login'), wire.count('Me')]).toEqual([1, 1, 50]);
    expect(phone.seen.mostInFlight).toBeLessThanOrEqual(10);
  });

  test('50 requests with a token that the server calls expired: one wx.login, one login mutation, 50 answers', async () => {
    const client = start();
    await client.request(ME);
    product.clock.now += HOUR + 1000;
    const answers = fulfilled(await many(() => client.request<Me>(ME)));
    expect(answers).toHaveLength(50);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([2, 2]);
    expect(phone.seen.mostInFlight).toBeLessThanOrEqual(10);
  });

  test('50 requests with a token that ended by the clock of the phone: none is sent before the login', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    await client.request(ME);
    later = 24 * HOUR;
    product.clock.now = Date.now() + later;
    expect(fulfilled(await many(() => client.request<Me>(ME)))).toHaveLength(50);
    expect([phone.seen.logins, wire.count('Login'), wire.count('Me')]).toEqual([2, 2, 51]);
    product.clock.now = Date.now();
  });

  test('a server that always says UNAUTHENTICATED gets two attempts, and the app one error', async () => {
    wire.fate = on('Me', refusal('UNAUTHENTICATED', 'RELOGIN'));
    await expect(start().request(ME)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
    expect([wire.count('Me'), wire.count('Login'), phone.seen.logins]).toEqual([2, 2, 2]);
  });

  test('50 requests to a server that always says UNAUTHENTICATED: two attempts each, 50 errors, no storm of logins', async () => {
    const client = start();
    wire.fate = on('Me', refusal('UNAUTHENTICATED', 'RELOGIN'));
    const results = await many(() => client.request(ME));
    expect(fulfilled(results)).toEqual([]);
    expect(wire.count('Me')).toBe(100);
    expect(phone.seen.logins).toBeLessThan(15);
  });

  test('the token outlives the app: the next start needs no login', async () => {
    const { me } = await start().request<Me>(ME);
    const restarted = start();
    expect(restarted.session()?.user.id).toBe(me.id);
    expect((await restarted.request<Me>(ME)).me).toEqual(me);
    expect(phone.seen.logins).toBe(1);
  });

  test.each(['not json', '', 'null', '[]', '{"session":{"token":"a.b.c"}}'])(
    'a storage that holds %j harms nothing',
    async (rubbish) => {
      phone.storage.set(`weapp-login:${wire.url}`, rubbish);
      expect((await start().request<Me>(ME)).me.openId).toMatch(/^o/);
    },
  );

  test('a storage that is full or forbidden harms nothing', async () => {
    const broken = () => {
      throw new Error('setStorageSync:fail');
    };
    const client = start({ storage: { getStorageSync: broken, setStorageSync: broken } });
    await client.request(ME);
    await client.request(ME);
    expect(phone.seen.logins).toBe(1);
  });

  test('a token in its last fifth is renewed without WeChat, once for all who wait', async () => {
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

  test('a renewal that fails is no failure of the request, and is left alone for a minute', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    await client.request(ME);
    later = 0.9 * HOUR;
    wire.fate = on('Renew', refusal('SERVICE_UNAVAILABLE', 'RETRY_LATER', { retryAfter: 2 }));
    await client.request(ME);
    await client.request(ME);
    expect([wire.count('Renew'), phone.seen.logins]).toEqual([1, 1]);
    later += 61_000;
    wire.fate = () => 'PASS';
    await client.request(ME);
    expect([wire.count('Renew'), phone.seen.logins]).toEqual([2, 2]);
  });

  test('where renewing gains nothing, the session has reached its greatest age: the phone logs in', async () => {
    let later = 0;
    const client = start({ now: () => Date.now() + later });
    const { token, expiresAt, user } = await client.login();
    later = 0.9 * HOUR;
    const session = { token: 'a.b.c', expiresAt, user };
    const body = JSON.stringify({ data: { session } });
    wire.fate = on('Renew', { status: 200, type: 'application/json', body });
    expect((await client.request<Me>(ME)).me.id).toBe(user.id);
    expect(phone.seen.logins).toBe(2);
    expect(client.session()?.token).not.toBe(token);
  });

  test('a token goes to no server but its own', async () => {
    await start().request(ME);
    const other = await createWire(server.port);
    await start({ url: other.url }).request(ME);
    await other.close();
    expect(phone.seen.logins).toBe(2);
  });

  test('a phone whose clock is days ahead does not log in before every request', async () => {
    const client = start({ now: () => Date.now() + 72 * HOUR });
    for (let i = 0; i < 3; i++) await client.request(ME);
    expect(phone.seen.logins).toBe(1);
  });

  test.each([3590, 3560])(
    'a phone whose clock is %i seconds ahead does not log in or renew all the time',
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

describe('the client and the accidents of a login', () => {
  test('the answer to login is lost on the wire: the app still ends up logged in', async () => {
    wire.fate = on('Login', 'LOSE_THE_ANSWER', 1);
    expect((await start().request<Me>(ME)).me.openId).toMatch(/^o/);
    const [first, second] = wire.sent.filter(({ operation }) => operation === 'Login');
    expect(first?.headers['idempotency-key']).toMatch(/^[\w.-]{16,64}$/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(second?.body).toEqual(first?.body);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 2]);
  });

  test('the request of login is lost on the wire: the same code is sent again', async () => {
    wire.fate = on('Login', 'LOSE_THE_REQUEST', 1);
    await start().request(ME);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 2]);
  });

  test('a gateway answers login with a page: the same code is sent again', async () => {
    wire.fate = on('Login', { status: 502, body: '<html>502 Bad Gateway</html>' }, 1);
    await start().request(ME);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 2]);
  });

  test('a code that WeChat calls spent is replaced once', async () => {
    const spent = await product.mint('spent');
    await product.login(spent);
    const codes = [spent];
    phone = createPhone(async () => codes.shift() ?? product.mint('spent'));
    await start().request(ME);
    expect([phone.seen.logins, wire.count('Login')]).toEqual([2, 2]);
  });

  test('where every code is spent, two are tried', async () => {
    phone = createPhone(async () => 'fault:40163');
    await expect(start().request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'WECHAT_CODE_INVALID',
      wechat: { errcode: 40163 },
    });
    expect([phone.seen.logins, wire.count('Login')]).toEqual([2, 2]);
  });

  test('STOP is final until the app itself asks for a login', async () => {
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

  test('retryAfter is obeyed: no login before it is over, then one', async () => {
    let later = 0;
    let code = 'fault:45011';
    phone = createPhone(async () => code);
    const client = start({ now: () => Date.now() + later }, { setTimeout });
    const results = await many(() => client.request(ME));
    expect(results.every((result) => result.status === 'rejected')).toBe(true);
    const error = await failureOf(client.request(ME));
    expect(error).toMatchObject({ code: 'WECHAT_RATE_LIMITED', action: 'RETRY_LATER' });
    expect(error.retryAfter).toBeGreaterThan(5);
    expect(phone.seen.logins).toBe(1);
    code = 'dev:patient';
    later = Number(error.retryAfter) * 1000 + 1;
    await client.request(ME);
    expect(phone.seen.logins).toBe(2);
  });

  test('wx.login itself fails: the error says so, and the next request tries again', async () => {
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

describe('the client and the accidents of a request', () => {
  test('a query that the network lost is sent again, once', async () => {
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
  ])('a mutation is sent once, whatever the network does: %s', async (mutation) => {
    const client = start({}, { setTimeout });
    await client.login();
    wire.fate = on('Rename', 'LOSE_THE_ANSWER');
    await expect(client.request(mutation, { name: 'x' })).rejects.toMatchObject({ code: 'NETWORK' });
    expect(wire.count('Rename')).toBe(1);
  });

  test('a mutation that was refused whole is sent again after the login, one that was done in part is not', async () => {
    const client = start();
    await client.login();
    const [done, undone] = [{ updateProfile: { nickName: 'x' } }, { updateProfile: null }].map(
      (data): Fate => ({
        status: 200,
        type: 'application/json',
        body: JSON.stringify({ data, errors: [{ message: '', extensions: { code: 'UNAUTHENTICATED' } }] }),
      }),
    );
    wire.fate = on('Rename', undone ?? 'PASS', 1);
    await client.request(RENAME, { name: 'Twice' });
    expect(wire.count('Rename')).toBe(2);
    wire.fate = on('Rename', done ?? 'PASS', 1);
    await expect(client.request(RENAME, { name: 'Thrice' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      data: { updateProfile: { nickName: 'x' } },
    });
    expect(wire.count('Rename')).toBe(3);
  });

  test('a query waits a short retryAfter in silence; a long one is left to the app', async () => {
    const client = start({}, { setTimeout });
    await client.login();
    wire.fate = on('Me', refusal('SERVICE_UNAVAILABLE', 'RETRY_LATER', { retryAfter: 1 }), 1);
    await client.request(ME);
    wire.fate = on('Me', refusal('RATE_LIMITED', 'RETRY_LATER', { retryAfter: 60 }));
    await expect(client.request(ME)).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 });
    expect(wire.count('Me')).toBe(3);
  });

  test.each<[string, Fate]>([
    ["a gateway's page", { status: 504, body: '<html>504 Gateway Time-out</html>' }],
    ['an empty body', { status: 200, body: '' }],
    ['JSON that is no GraphQL', { status: 500, type: 'application/json', body: '{"message":"oops"}' }],
    ['null', { status: 200, type: 'application/json', body: 'null' }],
    ['errors that are none', { status: 200, type: 'application/json', body: '{"errors":[null]}' }],
    ['errors that are a text', { status: 200, type: 'application/json', body: '{"errors":"no"}' }],
  ])('%s is BAD_ANSWER, not a crash and not for ever', async (_name, fate) => {
    const client = start();
    await client.login();
    wire.fate = on('Rename', fate);
    await expect(client.request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      action: 'RETRY_LATER',
      requestId: expect.stringMatching(/^[\w.-]{16,64}$/),
    });
  });

  test('JSON that arrives as a text is read', async () => {
    const { request } = phone.wx;
    const asText: ClientOptions['request'] = (options) =>
      request({
        ...options,
        success: (response) => options.success({ ...response, data: JSON.stringify(response.data) }),
      });
    expect((await start({ request: asText }).request<Me>(ME)).me.openId).toMatch(/^o/);
  });

  test('an error tells code, action, request id and the errors of GraphQL', async () => {
    const client = start();
    const error = await failureOf(client.request('query Bad { nothing }'));
    expect(error).toMatchObject({
      name: 'RequestError',
      code: 'GRAPHQL_VALIDATION_FAILED',
      action: 'FIX_REQUEST',
      errors: [{ message: expect.stringContaining('nothing') }],
    });
    expect(wire.sent.at(-1)?.headers['x-request-id']).toBe(error.requestId);
  });

  test('a server that never answers: NETWORK once the timeout is over', async () => {
    await start().login();
    wire.fate = on('Rename', 'HANG');
    await expect(start({ timeout: 300 }).request(RENAME, { name: 'x' })).rejects.toMatchObject({
      code: 'NETWORK',
      message: 'request:fail timeout',
    });
  });

  test('abort ends a request on its way, and one that waits for the login, which goes on for the others', async () => {
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

  test('a document is sent by its id where the server knows one', async () => {
    const client = start({ documentId: (text) => (text === ME ? 'sha256:abc' : undefined) });
    await client.request(ME).catch(() => undefined);
    expect(wire.sent.at(-1)?.body).toEqual({ documentId: 'sha256:abc' });
  });
});

describe('the session in the hands of the app', () => {
  test('logout voids the token everywhere, and nothing logs in behind the back of the user until login', async () => {
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

  test('a login that the app asks for while a renewal is on its way asks WeChat all the same', async () => {
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

  test('logout forgets the token on this phone even if the server does not hear of it', async () => {
    const client = start();
    await client.login();
    wire.fate = on('Logout', 'LOSE_THE_REQUEST');
    await expect(client.logout()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(client.session()).toBeUndefined();
  });

  test('a profile is sent with the next login, once', async () => {
    const client = start();
    client.setUserInfo({ nickName: 'Given' });
    expect((await client.request<Me>(ME)).me.nickName).toBe('Given');
    expect((await client.login({ userInfo: { nickName: 'Again 🐳' } })).user.nickName).toBe('Again 🐳');
    await client.request(RENAME, { name: 'Chosen' });
    expect((await client.login()).user.nickName).toBe('Chosen');
  });

  test('a profile that the server refuses is not sent for ever', async () => {
    const client = start();
    client.setUserInfo({ nickName: 'x'.repeat(65) });
    await expect(client.login()).rejects.toMatchObject({ code: 'BAD_USER_INPUT', action: 'FIX_REQUEST' });
    expect((await client.login()).user.nickName).toBeNull();
  });

  test('a profile given while a login is on its way is sent by one that follows', async () => {
    const client = start();
    const [, session] = await Promise.all([client.login(), client.login({ userInfo: { nickName: 'Late' } })]);
    expect(session.user.nickName).toBe('Late');
  });

  test('an app that serves several mini programs names its own', async () => {
    const client = start({ appId: 'wxcanary00000002', login: () => 'dev:second' });
    const here = (await client.login()).user.id;
    const there = (await start({ login: () => 'dev:second' }).login()).user.id;
    expect(here).not.toBe(there);
  });
});

describe('the package', () => {
  test.each([
    ['index.js', 'cjs'],
    ['index.mjs', 'esm'],
  ] as const)('%s takes at most 2 KB, minified and gzipped', (file, format) => {
    const { code } = transformSync(readFileSync(`${folder}/${file}`), {
      minify: true,
      format,
      target: 'es2018',
    });
    expect(gzipSync(code, { level: 9 }).byteLength).toBeLessThanOrEqual(2048);
  });

  test('operations.graphql says what the client sends by itself', async () => {
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

  test('what is shipped is ECMAScript 2018', () => {
    for (const file of ['index.js', 'index.mjs', 'fetch.js', 'fetch.mjs']) {
      const code = readFileSync(`${folder}/${file}`, 'utf8');
      const lowered = transformSync(code, { target: 'es2018' }).code;
      const modern = transformSync(code, { target: 'esnext' }).code;
      expect(lowered, file).toBe(modern);
    }
  });

  test('works by fetch in Node, with a storage and a login of the app', async () => {
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
