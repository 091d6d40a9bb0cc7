import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createWeChat, type WeChat, type WeChatOptions } from '../src/wechat/client.ts';
import { createHttpPool, type HttpPool, TimedOutError } from '../src/wechat/http-pool.ts';
import { APP_SECRET } from './support/canaries.ts';
import { APP_ID } from './support/product.ts';

/** The client against a WeChat whose responses are chosen, with the reasons that only operators see. */

const APP = { appId: APP_ID, secret: APP_SECRET };
const HOLDER = { openId: 'oUpO90f_abc-DEF0123456789abc', sessionKey: 'Q0FOQVJZc2tz+/8BAgMEBQ==' };
const SESSION = JSON.stringify({ openid: HOLDER.openId, session_key: HOLDER.sessionKey });
const TOKEN = JSON.stringify({ access_token: 'token', expires_in: 7200 });

type Sent = { path: string; query: URLSearchParams; body: string };
type Answer = (response: ServerResponse, request: Sent) => unknown;

const ok =
  (body = SESSION): Answer =>
  (response) =>
    response.end(body);
const status =
  (code: number): Answer =>
  (response) =>
    response.writeHead(code).end(SESSION);

let answer: Answer;
/** The paths of the requests. */
let sent: string[];
const server = createServer(async (request, response) => {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://wechat');
  sent.push(path);
  answer(response, { path, query, body: await text(request) });
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  sent = [];
  answer = ok();
});

function origin(): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

function connect(more: Partial<WeChatOptions> = {}): WeChat {
  return createWeChat({ apiUrl: origin(), timeoutMs: 1000, maxCalls: 10, ...more });
}

/** Connections that fail in a chosen way. */
function poolOf(send: HttpPool['send']): HttpPool {
  return { send, close: async () => {} };
}

/** The message of a failed login, without the endpoint. */
function login(wechat: WeChat): Promise<string> {
  return wechat.code2Session(APP, 'code').then(
    () => 'OK',
    ({ message, code, endpoint }) => {
      expect([code, endpoint]).toEqual(['WECHAT_UNAVAILABLE', 'jscode2session']);
      return message.replace('jscode2session: ', '');
    },
  );
}

async function inTurn<T>(times: number, call: () => Promise<T>): Promise<T[]> {
  const results = [];
  for (let i = 0; i < times; i += 1) results.push(await call());
  return results;
}

describe('a failed call has a reason for the log', () => {
  test.each<[string, Answer]>([
    ['HTTP status 400', status(400)],
    ['HTTP status 404', status(404)],
    ['HTTP status 500', status(500)],
    ['HTTP status 201', status(201)],
    ['timed out', () => undefined],
    ['the response is not a JSON object', ok('<html>')],
    ['the response is not a JSON object', ok('[]')],
    ['the response lacks the expected fields', ok('{}')],
    ['the errcode is not a number', ok('{"errcode":"40029x"}')],
    ['the errcode is not a number', ok('{"errcode":"x40029"}')],
    ['the errcode is not a number', ok('{"errcode":1.5}')],
    ['the response lacks the expected fields', ok(SESSION.replace('==', '==x'))],
    [
      'the response lacks the expected fields',
      ok(SESSION.replace(HOLDER.sessionKey, `x${HOLDER.sessionKey}`)),
    ],
    ['the response lacks the expected fields', ok(SESSION.replace('oUpO90f', 'oUpO\ufeff90f'))],
  ])('%s', async (reason, reply) => {
    answer = reply;
    expect(await login(connect({ timeoutMs: 200 }))).toBe(reason);
  });

  test('timed out, also of a POST', async () => {
    answer = () => undefined;
    const call = connect({ timeoutMs: 200 }).phoneNumber(APP, HOLDER.openId, 'code');
    await expect(call).rejects.toMatchObject({ message: 'stable_token: timed out' });
  });

  test.each<[string, unknown]>([
    [
      'ECONNRESET',
      Object.assign(new Error('outer'), { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }),
    ],
    ['TypeError', new TypeError('without a code')],
    ['Error', Object.assign(new Error('code is a number'), { code: 1 })],
    ['UNKNOWN', 'not an Error'],
  ])('no response (%s)', async (reason, failure) => {
    expect(await login(connect({ pool: poolOf(() => Promise.reject(failure)) }))).toBe(
      `no response (${reason})`,
    );
  });

  test('a body of 64 KB is read, one byte more is not', async () => {
    answer = ok(SESSION.padEnd(65_536));
    expect(await login(connect())).toBe('OK');
    answer = ok(SESSION.padEnd(65_537));
    expect(await login(connect())).toBe('no response (RangeError)');
  });
});

test('a request is repeated once if it was not sent, and not if that is unknown', async () => {
  for (const [code, attempts] of [
    ['ENOTFOUND', 2],
    ['ECONNREFUSED', 2],
    ['EAI_AGAIN', 2],
    ['ECONNRESET', 1],
  ] as const) {
    let count = 0;
    const pool = poolOf(() => {
      count += 1;
      return Promise.reject(Object.assign(new Error(), { code }));
    });
    expect([await login(connect({ pool })), count]).toEqual([`no response (${code})`, attempts]);
  }
});

test('a byte order mark before the JSON is accepted', async () => {
  answer = ok(`\ufeff${SESSION}`);
  expect(await login(connect())).toBe('OK');
});

test('a phone number is requested with the code and the openid', async () => {
  const bodies: string[] = [];
  answer = (response, { path, body }) => {
    bodies.push(body);
    if (path === '/cgi-bin/stable_token') response.end(TOKEN);
    else response.end('{"phone_info":{"phoneNumber":"13800138000","countryCode":"86"}}');
  };
  expect(await connect().phoneNumber(APP, HOLDER.openId, 'code')).toEqual({
    number: '+8613800138000',
    countryCode: '86',
  });
  expect(bodies[1]).toBe(JSON.stringify({ code: 'code', openid: HOLDER.openId }));
});

test('an empty unionid is an absent one', async () => {
  const unionId = 'uUpO90f_abc-DEF0123456789abc';
  answer = ok(SESSION.replace('{', `{"unionid":"${unionId}",`));
  expect(await connect().code2Session(APP, 'code')).toEqual({ ...HOLDER, unionId });
  answer = ok(SESSION.replace('{', '{"unionid":"",'));
  expect(await connect().code2Session(APP, 'code')).toEqual({ ...HOLDER, unionId: undefined });
});

describe('the access_token', () => {
  /** stable_token responds with the first of these, and the last repeats. */
  const issue =
    (bodies: string[]): Answer =>
    (response, { path }) =>
      path === '/cgi-bin/stable_token'
        ? response.end((bodies.length > 1 ? bodies.shift() : bodies[0]) ?? TOKEN)
        : response.end('{}');

  test.each([
    { access_token: 'token ', expires_in: 7200 },
    { access_token: ' token', expires_in: 7200 },
    { access_token: '', expires_in: 7200 },
    { access_token: 'token', expires_in: 0 },
    { access_token: 'token', expires_in: 86_401 },
  ])('%j is rejected', async (body) => {
    answer = issue([JSON.stringify(body)]);
    await expect(connect().checkSession(APP, HOLDER)).rejects.toMatchObject({
      message: 'stable_token: the response lacks the expected fields',
    });
  });

  test.each([
    { access_token: 't', expires_in: 1 },
    { access_token: 't'.repeat(1024), expires_in: '86400' },
  ])('is accepted at its limits', async (body) => {
    answer = issue([JSON.stringify(body)]);
    expect(await connect().checkSession(APP, HOLDER)).toBe(true);
  });

  test('is renewed five minutes before it expires, and the old one is used if that fails until it expires', async () => {
    const clock = { now: 0 };
    const wechat = connect({ now: () => clock.now });
    const renewals = () => sent.filter((path) => path === '/cgi-bin/stable_token').length;
    const check = () => wechat.checkSession(APP, HOLDER).catch(({ message }) => message);
    answer = issue([TOKEN, '{"errcode":-1}']);
    expect([await check(), renewals()]).toEqual([true, 1]);
    clock.now = 6_899_999;
    expect([await check(), renewals()]).toEqual([true, 1]);
    clock.now = 6_900_000;
    expect([await check(), renewals()]).toEqual([true, 2]);
    clock.now = 7_199_999;
    expect([await check(), renewals()]).toEqual([true, 3]);
    clock.now = 7_200_000;
    expect([await check(), renewals()]).toEqual(['stable_token: errcode -1', 4]);
  });

  type Account = {
    version: number;
    isValid: (version: number) => boolean;
    /** Whether another process forced it less than 30 seconds ago, so that force has no effect. */
    isShared: boolean;
    forced: number;
    /** The openid and access_token of each request. */
    used: string[];
  };

  /** Issues the same token until it is replaced by force, as WeChat does. */
  function startAccount(more: Partial<Account> = {}): Account {
    const isValid = (version: number) => version === account.version;
    const account: Account = { version: 0, isValid, isShared: false, forced: 0, used: [], ...more };
    answer = (response, { path, query, body }) => {
      if (path === '/cgi-bin/stable_token') {
        const { appid, force_refresh } = JSON.parse(body);
        if (force_refresh) account.forced += 1;
        if (force_refresh && !account.isShared) account.version += 1;
        response.end(JSON.stringify({ access_token: `${appid}-${account.version}`, expires_in: 7200 }));
        return;
      }
      const token = query.get('access_token') ?? '';
      account.used.push(`${query.get('openid')} ${token}`);
      const errcode = account.isValid(Number(token.split('-')[1])) ? 0 : 40_001;
      response.end(JSON.stringify({ errcode }));
    };
    return account;
  }
  const check = (wechat: WeChat) =>
    wechat.checkSession(APP, HOLDER).catch(({ message, remedy }) => [message, remedy]);
  const REJECTED = ['checksession: errcode 40001', expect.stringContaining('force_refresh')];
  const TOO_EARLY = [
    'stable_token: the access_token was rejected and cannot be replaced yet',
    expect.stringContaining('check the account'),
  ];

  test('of one mini program is not that of another, also while both are issued and replaced', async () => {
    const { used } = startAccount({ isValid: (version) => version > 0 });
    const wechat = connect();
    const appIds = [APP_ID, 'wxcanary00000002'];
    const checks = appIds.map((appId) =>
      wechat.checkSession({ ...APP, appId }, { ...HOLDER, openId: appId }),
    );
    expect(await Promise.all(checks)).toEqual([true, true]);
    expect(used).toHaveLength(4);
    for (const pair of used) expect(pair).toMatch(/^(\w+) \1-/);
  });

  test('that another process replaced is requested, not replaced again', async () => {
    const account = startAccount();
    const wechat = connect();
    expect(await check(wechat)).toBe(true);
    account.version = 1;
    expect([await check(wechat), account.forced]).toEqual([true, 0]);
  });

  test('is replaced by force once in six hours', async () => {
    const clock = { now: 0 };
    const account = startAccount({ isValid: (version) => version > 1 });
    const wechat = connect({ now: () => clock.now });
    expect(await check(wechat)).toEqual(REJECTED);
    clock.now = 6 * 3_600_000 - 1;
    expect(await check(wechat)).toEqual(TOO_EARLY);
    clock.now += 1;
    expect([await check(wechat), account.forced]).toEqual([true, 2]);
  });

  test('is replaced by force after 30 seconds if WeChat returned the same one', async () => {
    const clock = { now: 0 };
    const account = startAccount({ isValid: (version) => version > 0, isShared: true });
    const wechat = connect({ now: () => clock.now });
    expect(await check(wechat)).toEqual(REJECTED);
    account.isShared = false;
    clock.now = 29_999;
    expect(await check(wechat)).toEqual(TOO_EARLY);
    clock.now += 1;
    expect([await check(wechat), account.forced]).toEqual([true, 2]);
  });
});

test('an access_token is kept when WeChat rejects a call for another reason', async () => {
  answer = (response, { path }) =>
    response.end(path === '/cgi-bin/stable_token' ? TOKEN : '{"errcode":40029,"errmsg":"invalid code"}');
  await expect(connect().phoneNumber(APP, HOLDER.openId, 'code')).rejects.toMatchObject({
    code: 'WECHAT_PHONE_CODE_INVALID',
    errcode: 40029,
  });
  expect(sent).toEqual(['/cgi-bin/stable_token', '/wxa/business/getuserphonenumber']);
});

describe('errcodes', () => {
  const HOLDERS = ['checksession', 'resetusersessionkey'];
  const WITH_TOKEN = ['getuserphonenumber', ...HOLDERS];
  const ALL = ['jscode2session', 'stable_token', ...WITH_TOKEN];
  const MISCONFIGURED = [
    ...[40_002, 40_013, 40_097, 40_125, 40_164, 40_243, 41_001, 41_002, 41_004, 41_008],
    ...[43_002, 47_001, 48_001, 50_002, 50_004, 50_007],
  ];

  test.each<[string, string[], number[]]>([
    ['WECHAT_CODE_INVALID', ['jscode2session'], [40_029, 40_163, 42_003]],
    ['WECHAT_PHONE_CODE_INVALID', ['getuserphonenumber'], [40_003, 40_013, 40_029, 40_163, 42_003]],
    ['WECHAT_SESSION_STALE', ['resetusersessionkey'], [87_009]],
    ['WECHAT_USER_BLOCKED', ALL, [40_226]],
    ['WECHAT_RATE_LIMITED', ALL, [45_009, 45_011]],
    ['WECHAT_UNAVAILABLE', ALL, [-1, 1, 99_999]],
    ['WECHAT_UNAVAILABLE', WITH_TOKEN, [40_001, 40_014, 42_001, 89_503]],
    ['WECHAT_UNAVAILABLE', ['stable_token', ...HOLDERS], [40_029]],
    ['WECHAT_MISCONFIGURED', HOLDERS, [40_003]],
    ['WECHAT_MISCONFIGURED', ['jscode2session'], [40_001, ...MISCONFIGURED]],
    ['WECHAT_MISCONFIGURED', ['stable_token'], [40_001, 89_503, 89_506, 89_507, ...MISCONFIGURED]],
  ])('mean %s at %j: %j', async (code, endpoints, errcodes) => {
    for (const endpoint of endpoints)
      for (const errcode of errcodes) {
        answer = (response, { path }) =>
          response.end(path.endsWith(endpoint) ? JSON.stringify({ errcode }) : TOKEN);
        await expect(callOf(endpoint)).rejects.toMatchObject({ code, endpoint, errcode });
      }
  });

  test('of WeChat itself need no remedy, unknown ones do', async () => {
    answer = ok('{"errcode":-1}');
    await expect(callOf('jscode2session')).rejects.toMatchObject({ remedy: undefined });
    answer = ok('{"errcode":1}');
    await expect(callOf('jscode2session')).rejects.toMatchObject({
      remedy: expect.stringContaining('look up the errcode'),
    });
  });

  test.each([40_001, 40_014, 42_001])(
    '%i is a rejected access_token: the call is repeated',
    async (errcode) => {
      let isFirst = true;
      answer = (response, { path }) => {
        if (path === '/cgi-bin/stable_token') response.end(TOKEN);
        else response.end(JSON.stringify({ errcode: isFirst ? errcode : 0 }));
        isFirst &&= path === '/cgi-bin/stable_token';
      };
      expect(await connect().checkSession(APP, HOLDER)).toBe(true);
      expect(sent.filter((path) => path === '/wxa/checksession')).toHaveLength(2);
    },
  );

  function callOf(endpoint: string): Promise<unknown> {
    const wechat = connect();
    if (endpoint === 'jscode2session') return wechat.code2Session(APP, 'code');
    if (endpoint === 'getuserphonenumber') return wechat.phoneNumber(APP, HOLDER.openId, 'code');
    return endpoint === 'resetusersessionkey'
      ? wechat.resetSession(APP, HOLDER)
      : wechat.checkSession(APP, HOLDER);
  }
});

describe('the circuit of an endpoint', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

  test('opens after ten failures, for that endpoint only; then nothing is sent', async () => {
    const outages: unknown[] = [];
    const wechat = connect({ onOutage: (...outage) => outages.push(outage) });
    answer = status(500);
    expect(await inTurn(12, () => login(wechat))).toEqual([
      ...Array(10).fill('HTTP status 500'),
      ...Array(2).fill('circuit open'),
    ]);
    expect([sent.length, outages]).toEqual([10, [['jscode2session', true]]]);
    expect(wechat.load().failing).toEqual(['jscode2session']);
    await expect(wechat.code2Session(APP, 'code')).rejects.toMatchObject({ retryAfter: 3 });
    answer = ok(TOKEN);
    expect(await wechat.checkSession(APP, HOLDER)).toBe(true);
    expect(wechat.load().failing).toEqual(['jscode2session']);
  });

  test.each([400, 499])('stays closed if WeChat responds with status %i', async (code) => {
    const wechat = connect();
    answer = status(code);
    expect(new Set(await inTurn(20, () => login(wechat)))).toEqual(new Set([`HTTP status ${code}`]));
    answer = ok();
    expect(await login(wechat)).toBe('OK');
  });

  test('sends one request after three seconds: if it fails the circuit stays open, otherwise it closes', async () => {
    const outages: unknown[] = [];
    const wechat = connect({ onOutage: (...outage) => outages.push(outage) });
    answer = status(500);
    await inTurn(10, () => login(wechat));
    later(2999);
    expect(await login(wechat)).toBe('circuit open');
    later(1);
    expect(await inTurn(2, () => login(wechat))).toEqual(['HTTP status 500', 'circuit open']);
    later(3000);
    let finish = () => {};
    const arrived = new Promise<void>((resolve) => {
      answer = (response) => {
        finish = () => response.end(SESSION);
        resolve();
      };
    });
    const probe = login(wechat);
    await arrived;
    expect(await Promise.all([login(wechat), login(wechat)])).toEqual(
      Array(2).fill('WeChat is being probed'),
    );
    answer = ok();
    finish();
    expect([await probe, await login(wechat), sent.length]).toEqual(['OK', 'OK', 13]);
    expect(outages).toEqual([
      ['jscode2session', true],
      ['jscode2session', false],
    ]);
  });
});

describe('the connections to WeChat', () => {
  const get = (pool: HttpPool, ms = 1000) =>
    pool.send({ method: 'GET', path: '/get' }, performance.now() + ms);

  test('prepend the path of their URL to that of each call', async () => {
    for (const [base, path] of [
      ['', '/get'],
      ['/', '/get'],
      ['/proxy', '/proxy/get'],
      ['/a/b/', '/a/b/get'],
    ]) {
      const pool = createHttpPool(`${origin()}${base}`, 1);
      await get(pool);
      expect(sent.at(-1)).toBe(path);
      await pool.close();
    }
  });

  test('send a content type with a body only, and read the date of the response', async () => {
    const types: unknown[] = [];
    answer = (response) => {
      types.push(response.req.headers['content-type']);
      response.writeHead(200, { date: 'Sun, 29 Nov 2026 01:02:03 GMT' }).end('1');
    };
    const pool = createHttpPool(origin(), 1);
    const reply = { status: 200, text: '1', date: 'Sun, 29 Nov 2026 01:02:03 GMT' };
    expect(await get(pool)).toEqual(reply);
    const post = pool.send({ method: 'POST', path: '/post', body: '{}' }, performance.now() + 1000);
    expect(await post).toEqual(reply);
    expect(types).toEqual([undefined, 'application/json']);
    answer = (response) => {
      response.sendDate = false;
      response.end('1');
    };
    expect((await get(pool)).date).toBeUndefined();
    await pool.close();
    await expect(get(pool)).rejects.toThrow();
  });

  test('are closed if a call times out on them', async () => {
    const closed = new Promise<void>((resolve) => {
      answer = (response) => response.on('close', resolve);
    });
    await expect(get(createHttpPool(origin(), 1), 100)).rejects.toBeInstanceOf(TimedOutError);
    await closed;
  });

  test('are not used for a call that timed out while it waited for one', async () => {
    let finish = () => {};
    answer = (response) => {
      finish = () => response.end('1');
    };
    const pool = createHttpPool(origin(), 1);
    const first = get(pool, 2000);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    await expect(get(pool, 50)).rejects.toMatchObject({ code: 'TIMED_OUT' });
    answer = ok();
    finish();
    expect((await first).text).toBe('1');
    await get(pool);
    expect(sent).toHaveLength(2);
    await pool.close();
  });
});

describe('the queue of calls', () => {
  test('holds ten calls for each that may run; further ones fail at once', async () => {
    const wechat = connect({ maxCalls: 1 });
    const waiting: (() => void)[] = [];
    answer = (response) => waiting.push(() => response.end(SESSION));
    expect(wechat.load()).toEqual({ inFlight: 0, queued: 0, failing: [] });
    const calls = Array.from({ length: 12 }, () => login(wechat));
    expect(await Promise.race(calls)).toBe('queue full');
    expect(wechat.load()).toEqual({ inFlight: 1, queued: 10, failing: [] });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    answer = ok();
    waiting[0]?.();
    expect(await Promise.all(calls)).toEqual([...Array(11).fill('OK'), 'queue full']);
  });

  test('does not start a call that has less than a quarter of its time left', async () => {
    const wechat = connect({ maxCalls: 1, timeoutMs: 800 });
    answer = (response) => setTimeout(() => response.end(SESSION), 700);
    expect(await Promise.all([login(wechat), login(wechat)])).toEqual(['OK', 'queued for too long']);
    expect(sent).toHaveLength(1);
  });

  test('starts a call that has more than a quarter of its time left', async () => {
    const wechat = connect({ maxCalls: 1, timeoutMs: 1000 });
    answer = (response) => setTimeout(() => response.end(SESSION), 300);
    expect(await Promise.all([login(wechat), login(wechat)])).toEqual(['OK', 'OK']);
  });

  test('ends the wait of a call behind one that overran its deadline', async () => {
    const pool = poolOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      throw new TimedOutError();
    });
    const wechat = connect({ maxCalls: 1, timeoutMs: 200, pool });
    expect(await Promise.all([login(wechat), login(wechat)])).toEqual(['timed out', 'queued for too long']);
  });

  test('does not let a queued call wait for the probe, which may need its place', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const wechat = connect({ maxCalls: 2 });
    const held: Record<string, ServerResponse[]> = {};
    const count = (name: string) => vi.waitFor(() => expect(held[name]).toHaveLength(1));
    const hold =
      (name: string): Answer =>
      (response) => {
        held[name] = [...(held[name] ?? []), response];
      };
    answer = ok(TOKEN);
    await wechat.checkSession(APP, HOLDER);
    answer = status(500);
    await inTurn(9, () => login(wechat));

    answer = hold('first');
    const other = wechat.checkSession(APP, HOLDER);
    await count('first');
    answer = hold('last');
    const last = login(wechat);
    await count('last');
    answer = hold('next');
    const next = wechat.checkSession(APP, HOLDER);
    await new Promise(setImmediate);
    const queued = login(wechat);
    held.last?.[0]?.writeHead(500).end();
    expect(await last).toBe('HTTP status 500');
    await count('next');
    vi.setSystemTime(Date.now() + 3000);
    answer = ok();
    const probe = login(wechat);
    held.first?.[0]?.end('{}');
    expect(await queued).toBe('WeChat is being probed');
    held.next?.[0]?.end('{}');
    expect(await Promise.all([other, next, probe])).toEqual([true, true, 'OK']);
    vi.useRealTimers();
  });

  test('ends the wait of a call at its deadline', async () => {
    const wechat = connect({ maxCalls: 1, timeoutMs: 200 });
    answer = () => undefined;
    expect(await Promise.all([login(wechat), login(wechat)])).toEqual(['timed out', 'queued for too long']);
    expect(sent).toHaveLength(1);
  });
});

test('checkSession is false for a stale session_key only', async () => {
  const answers =
    (code: number): Answer =>
    (response, { path }) =>
      response.end(path === '/cgi-bin/stable_token' ? TOKEN : JSON.stringify({ errcode: code }));
  answer = answers(87_009);
  expect(await connect().checkSession(APP, HOLDER)).toBe(false);
  answer = answers(-1);
  await expect(connect().checkSession(APP, HOLDER)).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
});
