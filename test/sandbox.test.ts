import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSandbox, openIdOf } from '../src/sandbox/index.ts';
import { createWeChat, type WeChat } from '../src/wechat/client.ts';
import { ERRCODES, isStaleTokenErrcode } from '../src/wechat/errcodes.ts';
import { APP_SECRET } from './support/canaries.ts';
import { APP_ID, codeOf, type Product, SECOND_APP_ID, startProduct } from './support/product.ts';

describe('the sandbox behaves like WeChat', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct('file::memory:');
  });
  afterAll(() => product.close());

  const token = async () => (await product.login('dev:anna')).data?.login.token;
  const bindPhone = async () =>
    product.query('mutation { bindPhone(code: "dev:anna") { user { id } } }', { token: await token() });

  test('a chunked body is rejected with 412', async () => {
    const status = await new Promise((resolve) => {
      const call = request(`${product.sandbox.url}/cgi-bin/stable_token`, { method: 'POST' }, (response) =>
        resolve(response.resume().statusCode),
      );
      call.write('{"appid":');
      call.end('"x"}');
    });
    expect(status).toBe(412);
  });

  test('jscode2session responds with text/plain, the other APIs with JSON, errors included', async () => {
    const types = ['/sns/jscode2session', '/cgi-bin/stable_token', '/wxa/business/getuserphonenumber'].map(
      async (path) => (await fetch(product.sandbox.url + path)).headers.get('content-type'),
    );
    expect(await Promise.all(types)).toEqual(['text/plain', 'application/json', 'application/json']);
  });

  const post = async (path: string, body: string, type = 'application/json') => {
    const response = await fetch(product.sandbox.url + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    return response.json();
  };
  const credentials = { grant_type: 'client_credential', appid: APP_ID, secret: APP_SECRET };
  const stableToken = async (more = {}) =>
    (await post('/cgi-bin/stable_token', JSON.stringify({ ...credentials, ...more }))).access_token;
  const plainToken = async () =>
    (await (await fetch(`${product.sandbox.url}/cgi-bin/token?${new URLSearchParams(credentials)}`)).json())
      .access_token;
  const errcodeWith = async (token: string) =>
    (await post(`/wxa/business/getuserphonenumber?access_token=${token}`, '{"code":"fault:40029"}')).errcode;

  test('an unknown path is errcode 40066 with status 200, and names the known ones', async () => {
    const response = await fetch(`${product.sandbox.url}/cgi-bin/user/info?openid=x`);
    expect([response.status, await response.json()]).toEqual([
      200,
      { errcode: 40066, errmsg: expect.stringContaining('/sns/jscode2session') },
    ]);
  });

  test('a body is read as JSON whatever its content type; anything else is an errcode', async () => {
    const form = 'application/x-www-form-urlencoded';
    expect(await post('/cgi-bin/stable_token', JSON.stringify(credentials), form)).toHaveProperty(
      'access_token',
    );
    for (const body of [String(new URLSearchParams(credentials)), '{', '', '"text"'])
      expect(await post('/cgi-bin/stable_token', body, form)).toMatchObject({ errcode: 47001 });
    expect(await errcodeWith(await stableToken())).toBe(40029);
    const token = await stableToken();
    expect(
      await post(`/wxa/business/getuserphonenumber?access_token=${token}`, 'code=x', form),
    ).toMatchObject({ errcode: 47001 });
  });

  test('stable_token and GET /cgi-bin/token do not invalidate the tokens of each other', async () => {
    const [stable, plain] = [await stableToken(), await plainToken()];
    await stableToken({ force_refresh: true });
    expect(await errcodeWith(stable)).toBe(40001);
    expect(await errcodeWith(plain)).toBe(40029);
    const current = await stableToken();
    const next = await plainToken();
    expect(next).not.toBe(plain);
    expect([await errcodeWith(current), await errcodeWith(next)]).toEqual([40029, 40029]);
    product.clock.now += 300_000;
    expect([await errcodeWith(current), await errcodeWith(plain)]).toEqual([40029, 42001]);
  });

  test('a forced refresh within 30 seconds of another returns the same token', async () => {
    product.clock.now += 31_000;
    const forced = await stableToken({ force_refresh: true });
    product.clock.now += 29_000;
    expect(await stableToken({ force_refresh: true })).toBe(forced);
    product.clock.now += 1001;
    expect(await stableToken({ force_refresh: true })).not.toBe(forced);
  });

  test('an address that is not whitelisted is an error for the operator, without details for the client', async () => {
    await product.control('apps', { appId: APP_ID, whitelisted: false });
    const { errors } = await product.login('dev:anna');
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'WECHAT_MISCONFIGURED',
      action: 'STOP',
      wechat: { errcode: 40164 },
    });
    expect(errors?.[0]?.message).not.toMatch(/whitelist|127\.0\.0\.1/);
    expect(codeOf(await product.login('dev:anna', { appId: SECOND_APP_ID }))).toBeUndefined();
    await product.control('apps', { appId: APP_ID, whitelisted: true });
    expect(codeOf(await bindPhone())).toBeUndefined();
  });

  test('a person who logs in too often is throttled for a minute; others are not', async () => {
    await product.control('limits', { userCallsPerMinute: 3 });
    const codes = [];
    for (let i = 0; i < 5; i += 1) codes.push(codeOf(await product.login('dev:eager')));
    expect(codes).toEqual([undefined, undefined, undefined, 'WECHAT_RATE_LIMITED', 'WECHAT_RATE_LIMITED']);
    expect(codeOf(await product.login('dev:calm'))).toBeUndefined();
    product.clock.now += 61_000;
    expect(codeOf(await product.login('dev:eager'))).toBeUndefined();
    await product.control('limits', { userCallsPerMinute: null });
  });

  test('userInfo, real or placeholder, is accepted by login unchanged', async () => {
    await product.login('dev:model');
    type Made = { userInfo: { nickName: string } };
    const real = await product.control<Made>('encrypted', { user: 'model', kind: 'userInfo' });
    const { data } = await product.login('dev:model', { userInfo: real.userInfo });
    expect(data?.login.user.nickName).toBe('model 🐳');
    const grey = await product.control<Made>('encrypted', {
      user: 'model',
      kind: 'userInfo',
      profile: 'placeholder',
    });
    expect(grey.userInfo).toMatchObject({ nickName: '微信用户', is_demote: true });
    const again = await product.login('dev:model', { userInfo: grey.userInfo });
    expect(again.data?.login.user.nickName).toBe('model 🐳');
  });

  test('an access_token that another process replaced by force_refresh is renewed', async () => {
    expect(codeOf(await bindPhone())).toBeUndefined();
    await fetch(`${product.sandbox.url}/cgi-bin/stable_token`, {
      method: 'POST',
      body: JSON.stringify({
        grant_type: 'client_credential',
        appid: APP_ID,
        secret: APP_SECRET,
        force_refresh: true,
      }),
    });
    product.clock.now += 31_000;
    expect(codeOf(await bindPhone())).toBeUndefined();
  });

  test('an invalid request of a control is explained', async () => {
    for (const [name, body] of [
      ['codes', {}],
      ['users', { user: '!' }],
      ['encrypted', { user: 'anna' }],
      ['encrypted', { user: 'never-logged-in', kind: 'run' }],
      ['faults', { path: '/x', fault: 'nonsense' }],
      ['apps', {}],
      ['limits', {}],
      ['pushes', { user: 'anna', url: 'http://example.com/', token: 't', event: 'e' }],
    ] as const)
      expect(await product.control(name, body)).toEqual({ error: expect.stringMatching(/Send|log in/) });
    const controls = await fetch(`${product.sandbox.url}/sandbox/nowhere`);
    expect([controls.status, (await controls.json()).errmsg]).toEqual([
      404,
      expect.stringContaining('/sandbox/codes'),
    ]);
  });

  test('it refuses to run in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await expect(createSandbox({ apps: [] })).rejects.toThrow('never runs in production');
    vi.unstubAllEnvs();
  });
});

describe('session_keys at WeChat', () => {
  const app = { appId: APP_ID, secret: APP_SECRET };
  let product: Product;
  let wechat: WeChat;
  const connect = () => createWeChat({ apiUrl: product.sandbox.url, timeoutMs: 2000, maxCalls: 10 });
  beforeAll(async () => {
    product = await startProduct('file::memory:');
    wechat = connect();
  });
  afterAll(() => product.close());

  test('the last wx.login has the current one', async () => {
    const first = await wechat.code2Session(app, 'dev:keeper');
    expect(first.openId).toBe(openIdOf(APP_ID, 'keeper'));
    expect(await wechat.checkSession(app, first)).toBe(true);
    const second = await wechat.code2Session(app, 'dev:keeper');
    expect(await wechat.checkSession(app, first)).toBe(false);
    expect(await wechat.checkSession(app, second)).toBe(true);
  });

  test('a reset invalidates it and returns the next', async () => {
    const before = await wechat.code2Session(app, 'dev:leaky');
    const after = await wechat.resetSession(app, before);
    expect(after.openId).toBe(before.openId);
    expect(await wechat.checkSession(app, before)).toBe(false);
    expect(await wechat.checkSession(app, after)).toBe(true);
    await expect(wechat.resetSession(app, before)).rejects.toMatchObject({
      code: 'WECHAT_SESSION_STALE',
      errcode: 87009,
    });
  });

  const rows = ERRCODES.filter(({ at, errcode }) => {
    const special = ERRCODES.some(
      (row) => row.errcode === errcode && row.at?.includes('resetusersessionkey'),
    );
    return at ? at.includes('resetusersessionkey') : !special;
  });
  test.for(rows)('$errcode of resetusersessionkey and checksession is $code', async ({ errcode, code }) => {
    const holder = await wechat.code2Session(app, 'dev:any');
    for (const path of ['/wxa/resetusersessionkey', '/wxa/checksession'])
      await product.control('faults', { path, fault: String(errcode) });
    const check = () => connect().checkSession(app, holder);
    const known = { name: 'WeChatError', code, errcode };
    if (isStaleTokenErrcode(errcode)) {
      expect(await check()).toBe(true);
      expect(await connect().resetSession(app, holder)).toMatchObject({ openId: holder.openId });
      return;
    }
    await expect(connect().resetSession(app, holder)).rejects.toMatchObject(known);
    if (code === 'WECHAT_SESSION_STALE') expect(await check()).toBe(false);
    else await expect(check()).rejects.toMatchObject(known);
  });
});
