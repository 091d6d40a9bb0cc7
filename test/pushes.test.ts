import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import type { HttpServer } from '../src/http/server.ts';
import { openIdOf } from '../src/sandbox/index.ts';
import { canariesIn, PHONE_MARK, PUSH_AES_KEY, PUSH_TOKEN } from './support/canaries.ts';
import { DATABASES, runAnySql, runSql } from './support/databases.ts';
import { listening } from './support/listening.ts';
import { APP_ID, codeOf, environment, type Product, SECOND_APP_ID, startProduct } from './support/product.ts';

const ME = '{ me { id nickName avatarUrl city phoneNumber } }';

type Me = {
  me: {
    id: string;
    nickName: string | null;
    avatarUrl: string | null;
    city: string | null;
    phoneNumber: string | null;
  };
};
type Sent = { status: number; body: string };

/** The first app takes secure mode only, the second plain mode. */
const MODES = [
  { mode: 'secure', appId: APP_ID, aesKey: PUSH_AES_KEY },
  { mode: 'plain', appId: SECOND_APP_ID, aesKey: undefined },
] as const;

test('an invalid WECHAT_PUSH is a configuration error that does not quote it', () => {
  for (const wrong of ['wx1', `${APP_ID}:x`, `${APP_ID}:${PUSH_TOKEN}:tooshort`, `${PUSH_TOKEN}:${APP_ID}`]) {
    expect(() => readConfig(environment({ WECHAT_PUSH: wrong }))).toThrow(
      /WECHAT_PUSH must read appid:token/,
    );
    expect(() => readConfig(environment({ WECHAT_PUSH: wrong }))).not.toThrow(PUSH_TOKEN);
  }
});

describe.each(DATABASES)('pushes of WeChat on $name', (database) => {
  let product: Product;
  let server: HttpServer;
  let url: string;
  beforeAll(async () => {
    url = await database.create();
    product = await startProduct(url, {
      WECHAT_PUSH: `${APP_ID}:${PUSH_TOKEN}:${PUSH_AES_KEY}, ${SECOND_APP_ID}:${PUSH_TOKEN}`,
    });
    server = await listening(product);
  });
  afterAll(async () => {
    await server.close();
    await product.close();
  });

  const urlOf = (appId: string) => `http://127.0.0.1:${server.port}/wechat/push/${appId}`;
  const push = async (user: string, event: string, more: Record<string, unknown> = {}): Promise<Sent> => {
    const { appId = APP_ID, aesKey = PUSH_AES_KEY } = more;
    const body = { user, event, url: urlOf(String(appId)), token: PUSH_TOKEN, ...more, appId, aesKey };
    const sent = await product.control<Sent>('pushes', body);
    expect(canariesIn(sent.body)).toEqual([]);
    return sent;
  };

  let people = 0;
  const signIn = async (user: string, appId: string = APP_ID) => {
    people += 1;
    const userInfo = { nickName: 'Nick', avatarUrl: 'https://thirdwx.qlogo.cn/a/132', city: 'Foshan' };
    const { data } = await product.login(`dev:${user}`, { userInfo, appId });
    if (!data) throw new Error('no data');
    const { token } = data.login;
    await product.control('users', { user, phone: `${PHONE_MARK}7${String(people).padStart(3, '0')}` });
    await product.query('mutation ($code: String!) { bindPhone(code: $code) { user { id } } }', {
      token,
      variables: { code: `dev:${user}` },
    });
    return token;
  };
  /** The lines of the log about pushes. */
  const logged = (): Record<string, unknown>[] =>
    readFileSync(`.test-output/log-${process.pid}.ndjson`, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"push":{'))
      .map((line) => JSON.parse(line));
  const me = async (token: string) => (await product.query<Me>(ME, { token })).data?.me;

  describe.each(MODES)('in $mode mode', ({ mode, appId, aesKey }) => {
    describe.each(['xml', 'json'])('as %s', (format) => {
      const how = { appId, aesKey: aesKey ?? null, format };
      const name = (text: string) => `${text}-${mode}-${format}`;

      test('user_authorization_revoke erases exactly what RevokeInfo names', async () => {
        const token = await signIn(name('all'), appId);
        const steps = [
          ['1', { nickName: 'Nick', avatarUrl: expect.anything(), phoneNumber: expect.anything() }],
          ['8', { nickName: 'Nick', avatarUrl: expect.anything(), phoneNumber: null }],
          ['19', { nickName: null, avatarUrl: expect.anything(), phoneNumber: null }],
          ['20', { nickName: null, avatarUrl: null, phoneNumber: null }],
        ] as const;
        for (const [revokeInfo, left] of steps) {
          const sent = await push(name('all'), 'user_authorization_revoke', { ...how, revokeInfo });
          expect(sent).toEqual({ status: 200, body: 'success' });
          expect(await me(token)).toMatchObject({ city: 'Foshan', ...left });
        }
        const other = await signIn(name('six'), appId);
        await push(name('six'), 'user_authorization_revoke', { ...how, revokeInfo: '6,8' });
        expect(await me(other)).toMatchObject({ nickName: null, avatarUrl: null, phoneNumber: null });
      });

      test('user_info_modified erases the profile', async () => {
        const token = await signIn(name('risk'), appId);
        await push(name('risk'), 'user_info_modified', how);
        expect(await me(token)).toMatchObject({
          nickName: null,
          avatarUrl: null,
          phoneNumber: expect.anything(),
        });
      });

      test('user_authorization_cancellation deletes the user and revokes the tokens', async () => {
        const token = await signIn(name('gone'), appId);
        const { id } = (await me(token)) ?? {};
        await push(name('gone'), 'user_authorization_cancellation', how);
        expect(codeOf(await product.query(ME, { token }))).toBe('UNAUTHENTICATED');
        const again = (await product.login(`dev:${name('gone')}`, { appId })).data?.login;
        expect(again?.isNewUser).toBe(true);
        expect(again?.user.id).not.toBe(id);
      });

      test('events of unknown users, and other events, are acknowledged', async () => {
        const success = { status: 200, body: 'success' };
        expect(await push(name('nobody'), 'user_authorization_cancellation', how)).toEqual(success);
        expect(await push(name('nobody'), 'subscribe_msg_popup_event', how)).toEqual(success);
      });

      test('a forged, old or foreign push changes nothing', async () => {
        const user = name('target');
        const token = await signIn(user, appId);
        const event = 'user_authorization_cancellation';
        const now = Math.floor(product.clock.now / 1000);
        const wrong = [
          { signature: 'a'.repeat(40) },
          { token: 'anothertoken' },
          { timestamp: now - 301 },
          { timestamp: now + 301 },
          { timestamp: 'soon' },
          { url: urlOf('wx0000000000000000') },
          { aesKey: 'B'.repeat(43), appId: APP_ID, openId: openIdOf(appId, user) },
        ];
        for (const more of wrong) expect((await push(user, event, { ...how, ...more })).status).not.toBe(200);
        expect(await me(token)).toBeDefined();
      });
    });

    test('the check of the URL returns echostr, only if signed', async () => {
      const [timestamp, nonce] = [String(Math.floor(product.clock.now / 1000)), '42'];
      const signature = createHash('sha1')
        .update([PUSH_TOKEN, timestamp, nonce].sort().join(''))
        .digest('hex');
      const query = { signature, timestamp, nonce, echostr: '4375120948345356249' };
      const get = (change = {}) => fetch(`${urlOf(appId)}?${new URLSearchParams({ ...query, ...change })}`);
      const response = await get();
      expect([response.status, await response.text()]).toEqual([200, query.echostr]);
      expect(response.headers.get('content-type')).toContain('text/plain');
      for (const change of [{ signature: 'x' }, { nonce: '43' }, { timestamp: '1' }, { nonce: '' }])
        expect((await get(change)).status).toBe(403);
    });
  });

  test('an openid in lower case is read too', async () => {
    const token = await signIn('lower-case');
    await push('lower-case', 'user_info_modified', { openIdName: 'openid' });
    expect(await me(token)).toMatchObject({ nickName: null, avatarUrl: null });
  });

  test('a revocation with PluginID is about a plug-in: it is logged, and nothing is erased', async () => {
    const token = await signIn('plugged');
    const sent = await push('plugged', 'user_authorization_revoke', {
      revokeInfo: '6,8',
      pluginId: 'wx7777777777777777',
    });
    expect(sent).toEqual({ status: 200, body: 'success' });
    expect(await me(token)).toMatchObject({ nickName: 'Nick', phoneNumber: expect.anything() });
    expect(logged().at(-1)).toMatchObject({
      level: 30,
      push: { appId: APP_ID, event: 'user_authorization_revoke', pluginId: 'wx7777777777777777' },
    });
  });

  test('an event without openid is acknowledged, logged without its content, and counted', async () => {
    product.clock.now += 61_000;
    const sent = await push('lost', 'user_info_modified', { openId: null });
    expect(sent).toEqual({ status: 200, body: 'success' });
    const { push: first, ...line } = logged().at(-1) ?? {};
    expect(line).toMatchObject({ level: 40, msg: 'a push of WeChat could not be handled' });
    expect(first).toEqual({
      appId: APP_ID,
      event: 'user_info_modified',
      reason: 'OPENID_MISSING',
      suppressed: 0,
      unhandled: expect.any(Number),
    });
    expect(JSON.stringify(line)).not.toContain(openIdOf(APP_ID, 'lost'));
    await push('lost', 'user_info_modified', { openId: null });
    await push('lost', 'user_info_modified', { openId: 'short' });
    product.clock.now += 60_001;
    await push('lost', 'user_info_modified', { openId: null });
    expect(logged().at(-1)?.push).toMatchObject({
      suppressed: 2,
      unhandled: Object(first).unhandled + 3,
    });
  });

  test('an encrypted push to an app without EncodingAESKey says that the key is missing', async () => {
    const sent = await push('keyless', 'user_info_modified', { appId: SECOND_APP_ID, aesKey: PUSH_AES_KEY });
    expect(sent.status).toBe(403);
    expect(sent.body).toMatch(/no EncodingAESKey .* add it/);
    expect(logged().at(-1)?.push).toMatchObject({ appId: SECOND_APP_ID, reason: 'KEY_MISSING' });
  });

  test('a push encrypted with another EncodingAESKey says so', async () => {
    const sent = await push('rekeyed', 'user_info_modified', { aesKey: 'B'.repeat(43) });
    expect(sent.status).toBe(403);
    expect(sent.body).toMatch(/cannot be decrypted: does the EncodingAESKey/);
    expect(logged().at(-1)?.push).toMatchObject({ appId: APP_ID, reason: 'KEY_WRONG' });
  });

  test('forged pushes are logged once a minute for each mini program', async () => {
    product.clock.now += 61_000;
    const lines = () => logged().filter((line) => Object(line.push).reason === 'FORGED').length;
    const before = lines();
    for (let i = 0; i < 20; i++) await push('x', 'user_info_modified', { signature: 'a'.repeat(40) });
    expect(lines() - before).toBe(1);
  });

  test('an app in secure mode rejects plain pushes', async () => {
    const token = await signIn('careful');
    const sent = await push('careful', 'user_authorization_cancellation', { aesKey: null });
    expect(sent.status).toBe(403);
    expect(await me(token)).toBeDefined();
  });

  test('a signature is valid for one event: a repeat succeeds, another event is rejected', async () => {
    const token = await signIn('replayed', SECOND_APP_ID);
    const once = { appId: SECOND_APP_ID, aesKey: null, nonce: '777' };
    const revoke = { ...once, revokeInfo: '19' };
    expect((await push('replayed', 'user_authorization_revoke', revoke)).status).toBe(200);
    expect((await push('replayed', 'user_authorization_revoke', revoke)).status).toBe(200);
    expect((await push('replayed', 'user_authorization_cancellation', once)).status).toBe(403);
    expect(await me(token)).toBeDefined();
  });

  test('a cancellation erases disabled users too; they stay disabled, and an admin can enable them', async () => {
    const token = await signIn('shut-out');
    const { id = '' } = (await me(token)) ?? {};
    const { users } = product.app.storage;
    const { disabledAt: since } = (await users.setDisabled(id, true)) ?? {};
    expect(codeOf(await product.login('dev:shut-out'))).toBe('USER_DISABLED');
    expect((await push('shut-out', 'user_authorization_cancellation')).status).toBe(200);
    expect(await product.app.storage.users.byId(id)).toBeNull();
    expect(codeOf(await product.login('dev:shut-out'))).toBe('USER_DISABLED');
    const { openId, disabledAt } = (await users.byOpenId(APP_ID, openIdOf(APP_ID, 'shut-out'))) ?? {};
    expect(disabledAt).toEqual(since);
    const kept = JSON.stringify(await runAnySql(url, 'SELECT * FROM user_tombstone'));
    expect(kept).not.toContain(openId);
    expect(kept).not.toContain(id);

    const next = (await users.byOpenId(APP_ID, openIdOf(APP_ID, 'shut-out')))?.id ?? '';
    await users.setDisabled(next, false);
    expect((await product.login('dev:shut-out')).errors).toBeUndefined();
    expect((await push('shut-out', 'user_authorization_cancellation')).status).toBe(200);
    expect((await product.login('dev:shut-out')).data?.login.isNewUser).toBe(true);
  });

  test('a repeat that is encrypted again succeeds', async () => {
    const token = await signIn('encrypted-anew');
    const revoke = { nonce: '778', revokeInfo: '19' };
    expect((await push('encrypted-anew', 'user_authorization_revoke', revoke)).status).toBe(200);
    expect((await push('encrypted-anew', 'user_authorization_revoke', revoke)).status).toBe(200);
    const other = await push('encrypted-anew', 'user_authorization_cancellation', { nonce: '778' });
    expect(other.status).toBe(403);
    expect(await me(token)).toMatchObject({ nickName: null, phoneNumber: expect.anything() });
  });

  test('while the database fails the push is not acknowledged, so that WeChat sends it again', async () => {
    if (database.name !== 'MariaDB') return;
    const token = await signIn('patient');
    const cancel = () => push('patient', 'user_authorization_cancellation', { nonce: '888' });
    await runSql(url, 'RENAME TABLE user TO elsewhere');
    expect((await cancel()).status).toBe(503);
    await runSql(url, 'RENAME TABLE elsewhere TO user');
    expect(await cancel()).toEqual({ status: 200, body: 'success' });
    expect(codeOf(await product.query(ME, { token }))).toBe('UNAUTHENTICATED');
  });

  test('no signed body causes an internal error', async () => {
    let nonce = 0;
    const send = async (body: string) => {
      nonce += 1;
      const [timestamp, text] = [String(Math.floor(product.clock.now / 1000)), `p${nonce}`];
      const signature = createHash('sha1')
        .update([PUSH_TOKEN, timestamp, text].sort().join(''))
        .digest('hex');
      const query = new URLSearchParams({ signature, timestamp, nonce: text });
      return (await fetch(`${urlOf(SECOND_APP_ID)}?${query}`, { method: 'POST', body })).status;
    };
    const event = fc.record({
      MsgType: fc.constant('event'),
      Event: fc.constantFrom('user_authorization_revoke', 'user_info_modified'),
      OpenID: fc.oneof(fc.string(), fc.constant(openIdOf(SECOND_APP_ID, 'x'))),
      RevokeInfo: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    });
    const bodies = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      event.map((fields) => JSON.stringify(fields)),
      fc.string().map((text) => `<xml><MsgType>${text}</MsgType><Event>${text}</Event></xml>`),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        expect([200, 400]).toContain(await send(body));
      }),
      { numRuns: 500 },
    );
  });

  test('invalid pushes are rejected without an internal error', async () => {
    const timestamp = String(Math.floor(product.clock.now / 1000));
    const signed = (nonce: string) => {
      const parts = [PUSH_TOKEN, timestamp, nonce].sort();
      const signature = createHash('sha1').update(parts.join('')).digest('hex');
      return new URLSearchParams({ signature, timestamp, nonce });
    };
    const bodies = [
      '',
      '{',
      '<xml>',
      '<xml></xml>',
      '[]',
      'null',
      '<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
      '<xml><MsgType>event</MsgType><Event>user_authorization_revoke</Event><OpenID>x</OpenID></xml>',
      '{"MsgType":"event","Event":"user_authorization_revoke","OpenID":{"$ne":1}}',
      '{"__proto__":{"MsgType":"event"}}',
    ];
    for (const [i, body] of bodies.entries()) {
      const query = signed(`n${i}`);
      const response = await fetch(`${urlOf(SECOND_APP_ID)}?${query}`, { method: 'POST', body });
      expect([400, 200]).toContain(response.status);
      const secure = await fetch(`${urlOf(APP_ID)}?${query}&msg_signature=x`, { method: 'POST', body });
      expect(secure.status).toBe(403);
    }
    expect((await fetch(urlOf(APP_ID), { method: 'PUT' })).status).toBe(405);
    expect((await fetch(`${urlOf(APP_ID)}/more`)).status).toBe(404);
    expect((await fetch(urlOf(APP_ID), { method: 'POST', body: 'x'.repeat(70_000) })).status).toBe(413);
  });
});
