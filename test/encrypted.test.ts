import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openIdOf } from '../src/sandbox/index.ts';
import { createDataDecryptor, type EncryptedData } from '../src/wechat/encrypted-data.ts';
import { groupInfo, runData } from '../src/wechat/payloads.ts';
import { consistentPhoneInfo } from '../src/wechat/phone-info.ts';
import { isRawDataSignature } from '../src/wechat/signature.ts';
import { APP_SECRET, PHONE_MARK } from './support/canaries.ts';
import { DATABASES } from './support/databases.ts';
import { APP_ID, codeOf, type Product, SECOND_APP_ID, startProduct } from './support/product.ts';

const CHECK_PATH = '/wxa/checksession';
const RUN = 'mutation ($data: EncryptedInput!) { decryptRunData(data: $data) { days { date steps } } }';
const GROUP = 'mutation ($data: EncryptedInput!) { decryptGroupId(data: $data) { openGId } }';
const PHONE =
  'mutation ($data: EncryptedInput!) { bindEncryptedPhone(data: $data) { user { phoneNumber } } }';

describe.each(DATABASES)('encrypted data on $name', (database) => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(await database.create());
  });
  afterAll(() => product.close());

  const signIn = async (user: string, appId = APP_ID) =>
    (await product.login(`dev:${user}`, { appId })).data?.login.token;
  const sealed = async (user: string, kind: string, more = {}) => {
    const { encryptedData, iv } = await product.control<EncryptedData>('encrypted', { user, kind, ...more });
    return { encryptedData, iv };
  };
  const send = <Data>(query: string, data: EncryptedData, token: string | undefined) =>
    product.query<Data>(query, { variables: { data }, token });
  const checks = () => product.sandbox.calls().filter(({ path }) => path === CHECK_PATH).length;

  test('steps are decrypted and typed', async () => {
    const token = await signIn('walker');
    const { data } = await send<{ decryptRunData: { days: { steps: number }[] } }>(
      RUN,
      await sealed('walker', 'run'),
      token,
    );
    expect(data?.decryptRunData.days).toHaveLength(30);
    expect(data?.decryptRunData.days[29]).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      steps: 1029,
    });
  });

  test.each([
    ['2026-11-24T15:59:59.999Z', '2026-11-24'],
    ['2026-11-24T16:00:00.000Z', '2026-11-25'],
  ])('the last day of steps at %s is %s, the day in China', async (time, date) => {
    const before = product.clock.now;
    product.clock.now = Date.parse(time);
    const token = await signIn('traveller');
    const { data } = await send<{ decryptRunData: { days: { date: string }[] } }>(
      RUN,
      await sealed('traveller', 'run'),
      token,
    );
    expect(data?.decryptRunData.days.at(-1)?.date).toBe(date);
    product.clock.now = before;
  });

  test('the id of a group chat is decrypted', async () => {
    const token = await signIn('sharer');
    const { data } = await send(GROUP, await sealed('sharer', 'group'), token);
    expect(data).toEqual({ decryptGroupId: { openGId: 'tGDzk5LcXl9XOvWFVVs7n_sandbox' } });
    const other = await sealed('sharer', 'group', {
      data: { openGId: 0, opengid: 'tGDzk5LcXl9XOvWFVVs7n_opened' },
    });
    expect((await send(GROUP, other, token)).data).toEqual({
      decryptGroupId: { openGId: 'tGDzk5LcXl9XOvWFVVs7n_opened' },
    });
  });

  test('a phone number of an old base library is bound like one of a code', async () => {
    await product.control('users', { user: 'veteran', phone: `${PHONE_MARK}8888` });
    const token = await signIn('veteran');
    const { data } = await send(PHONE, await sealed('veteran', 'phone'), token);
    expect(data).toEqual({ bindEncryptedPhone: { user: { phoneNumber: `+86${PHONE_MARK}8888` } } });
    await product.control('users', { user: 'double', phone: `${PHONE_MARK}8888` });
    const other = await signIn('double');
    expect(codeOf(await send(PHONE, await sealed('double', 'phone'), other))).toBe('PHONE_IN_USE');
  });

  test('encrypted phone data binds once: a repeat returns the same, and is rejected after unbindPhone', async () => {
    await product.control('users', { user: 'binder', phone: `${PHONE_MARK}7777` });
    const token = await signIn('binder');
    const data = await sealed('binder', 'phone');
    const bound = { bindEncryptedPhone: { user: { phoneNumber: `+86${PHONE_MARK}7777` } } };
    expect((await send(PHONE, data, token)).data).toEqual(bound);
    expect((await send(PHONE, data, token)).data).toEqual(bound);
    await product.query('mutation { unbindPhone { user { id } } }', { token });
    for (const again of [data, { ...data, encryptedData: data.encryptedData.replace(/.{64}/g, '$&\n') }]) {
      const { errors } = await send(PHONE, again, token);
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining('press the button again'),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
    expect((await send(PHONE, await sealed('binder', 'phone'), token)).data).toEqual(bound);
  });

  test('bindEncryptedPhone counts like bindPhone', async () => {
    const limited = await startProduct(await database.create(), { RATE_LIMIT_PHONES_PER_USER: '2' });
    const token = (await limited.login('dev:counted')).data?.login.token;
    const codes = [];
    for (let i = 0; i < 3; i++) {
      const { encryptedData, iv } = await limited.control<EncryptedData>('encrypted', {
        user: 'counted',
        kind: 'phone',
      });
      const answer = await limited.query(PHONE, { variables: { data: { encryptedData, iv } }, token });
      codes.push(codeOf(answer));
    }
    expect(codes).toEqual([undefined, undefined, 'RATE_LIMITED']);
    await limited.close();
  });

  test('data from before the last wx.login is BAD_USER_INPUT, and the message says to get it again', async () => {
    await signIn('hasty');
    const data = await sealed('hasty', 'run');
    const token = await signIn('hasty');
    const { errors } = await send(RUN, data, token);
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', action: 'FIX_REQUEST' });
    expect(errors?.[0]?.message).toContain('get the data again');
    expect(codeOf(await send(RUN, await sealed('hasty', 'run'), token))).toBeUndefined();
  });

  test('a wx.login without a login makes the session_key stale: RELOGIN, and the message says the order', async () => {
    const token = await signIn('twice');
    await fetch(
      `${product.sandbox.url}/sns/jscode2session?${new URLSearchParams({
        appid: APP_ID,
        secret: APP_SECRET,
        js_code: 'dev:twice',
        grant_type: 'authorization_code',
      })}`,
    );
    const { errors } = await send(RUN, await sealed('twice', 'run'), token);
    expect(errors?.[0]?.extensions).toEqual({ code: 'WECHAT_SESSION_STALE', action: 'RELOGIN' });
    expect(errors?.[0]?.message).toContain('wx.login');
  });

  test('if WeChat cannot say whether the key is stale, the action is RELOGIN', async () => {
    await signIn('unlucky');
    const data = await sealed('unlucky', 'run');
    const token = await signIn('unlucky');
    await product.control('faults', { path: CHECK_PATH, fault: 'http-502' });
    expect(codeOf(await send(RUN, data, token))).toBe('WECHAT_SESSION_STALE');
  });

  test('much unreadable data of one user causes one checksession call in ten seconds', async () => {
    await signIn('flooder');
    const data = await sealed('flooder', 'run');
    const token = await signIn('flooder');
    const before = checks();
    const flood = async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(RUN, data, token)));
      expect(answers.map(codeOf)).toEqual(Array(50).fill('BAD_USER_INPUT'));
    };
    await flood();
    await flood();
    expect(checks() - before).toBe(1);
    product.clock.now += 10_001;
    await flood();
    expect(checks() - before).toBe(2);
    const next = await signIn('flooder');
    expect(codeOf(await send(RUN, data, next))).toBe('BAD_USER_INPUT');
    expect(checks() - before).toBe(3);
  });

  test('data that is not base64, of another app, old, or of another kind is rejected without a call', async () => {
    const token = await signIn('careless');
    const good = await sealed('careless', 'run');
    const before = checks();
    const codes = [
      { ...good, iv: '' },
      { ...good, iv: good.iv.slice(0, -2) },
      { ...good, encryptedData: '' },
      { ...good, encryptedData: good.encryptedData.slice(0, -4) },
      { ...good, encryptedData: `${good.encryptedData} ` },
      { encryptedData: '数据', iv: '数据' },
      await sealed('careless', 'phone'),
      await sealed('careless', 'run', { data: { watermark: { appid: SECOND_APP_ID, timestamp: 1 } } }),
      await sealed('careless', 'run', { data: { watermark: { appid: APP_ID, timestamp: 1 } } }),
      await sealed('careless', 'run', { data: { watermark: { appid: APP_ID, timestamp: 99_999_999_999 } } }),
    ].map(async (data) => codeOf(await send(RUN, data, token)));
    expect(await Promise.all(codes)).toEqual(Array(10).fill('BAD_USER_INPUT'));
    expect(checks()).toBe(before);
    expect(codeOf(await send(RUN, good, undefined))).toBe('UNAUTHENTICATED');
  });

  test('after a login on a second device, both devices can decrypt new data', async () => {
    const phone = await signIn('nomad');
    const tablet = await signIn('nomad');
    const data = await sealed('nomad', 'group');
    expect(codeOf(await send(GROUP, data, phone))).toBeUndefined();
    expect(codeOf(await send(GROUP, data, tablet))).toBeUndefined();
  });

  type Signed = { userInfo: Record<string, unknown>; rawData: string; signature: string };
  const SIGNED = `mutation ($code: String!, $signedUserInfo: SignedUserInfoInput) {
    login(code: $code, signedUserInfo: $signedUserInfo) { user { nickName city } }
  }`;
  const signed = (code: string, signedUserInfo?: Partial<Pick<Signed, 'rawData' | 'signature'>>) =>
    product.query<{ login: { user: { nickName: string | null; city: string | null } } }>(SIGNED, {
      variables: { code, signedUserInfo },
    });
  const userInfoOf = (user: string) => product.control<Signed>('encrypted', { user, kind: 'userInfo' });

  test('rawData signed with the key of another login is rejected, and the message says the order', async () => {
    await signIn('forger');
    const { rawData, signature } = await userInfoOf('forger');
    const { errors, data } = await signed('dev:forger', { rawData, signature });
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toEqual({ code: 'WECHAT_SESSION_STALE', action: 'RELOGIN' });
  });

  test('rawData and signature are checked before the code is used', async () => {
    await signIn('prudent');
    const { rawData } = await userInfoOf('prudent');
    const code = await product.mint('prudent');
    const wrong = [
      { rawData },
      { signature: 'a'.repeat(40) },
      { rawData, signature: 'no' },
      { rawData: '{', signature: 'a'.repeat(40) },
      { rawData: '[]', signature: 'a'.repeat(40) },
      { rawData: 'null', signature: 'a'.repeat(40) },
      { rawData: JSON.stringify({ city: 'x'.repeat(8192) }), signature: 'a'.repeat(40) },
    ];
    for (const each of wrong) expect(codeOf(await signed(code, each))).toBe('BAD_USER_INPUT');
    expect(codeOf(await signed(code))).toBeUndefined();
  });

  test('a profile signed with the session_key of the code is stored', async () => {
    await product.control('users', { user: 'steady', keepSessionKey: true });
    await signIn('steady');
    const { rawData, signature } = await userInfoOf('steady');
    const { data } = await signed('dev:steady', { rawData, signature });
    expect(data?.login.user).toEqual({ nickName: 'steady 🐳', city: 'Guangzhou' });
    const changed = rawData.replace('Guangzhou', 'Shenzhen');
    expect(codeOf(await signed('dev:steady', { rawData: changed, signature }))).toBe('WECHAT_SESSION_STALE');
  });

  test('data encrypted for another user cannot be decrypted', async () => {
    await signIn('victim');
    const token = await signIn('attacker');
    expect(codeOf(await send(RUN, await sealed('victim', 'run'), token))).toBe('BAD_USER_INPUT');
    expect(openIdOf(APP_ID, 'victim')).not.toBe(openIdOf(APP_ID, 'attacker'));
  });
});

describe('the official vectors', () => {
  /** https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html */
  test('a signature', () => {
    const rawData =
      '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}';
    const sessionKey = 'HyVFkGl5F5OQWJZZaNzBBg==';
    expect(isRawDataSignature('75e81ceda165f4ffa64f4068af58c64b8f54b88c', rawData, sessionKey)).toBe(true);
    expect(isRawDataSignature('75e81ceda165f4ffa64f4068af58c64b8f54b88c', `${rawData} `, sessionKey)).toBe(
      false,
    );
  });

  test('encrypted user data', () => {
    const encryptedData =
      'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==';
    const opener = createDataDecryptor(() => 1_477_314_187_000 + 60_000);
    const kind = z.object({ openId: z.string(), unionId: z.string(), nickName: z.string() });
    expect(
      opener.decrypt(
        kind,
        { encryptedData, iv: 'r7BXXKkLb8qrSNn05n0qiA==' },
        'tiihtNczf5v6AKRyjwEUhQ==',
        'wx4f4bc4dec97d474b',
      ).data,
    ).toEqual({
      openId: 'oGZUI0egBJY1zhBYw2KhdUfwVJJE',
      unionId: 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA',
      nickName: 'Band',
    });
  });

  /** https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/backend-auth.html: the key is its text. */
  test('a signature with a session_key', () => {
    const signature = createHmac('sha256', 'o0q0otL8aEzpcZL/FT9WsQ==').update('{"foo":"bar"}').digest('hex');
    expect(signature).toMatch(/^654571f7.*aa0b$/);
  });
});

describe('encrypted data', () => {
  const NOW_S = 1_700_000_000;
  const opener = createDataDecryptor(() => NOW_S * 1000);
  const watermark = { timestamp: NOW_S, appid: APP_ID };
  const encrypt = (data: unknown, sessionKey: Buffer, iv: Buffer): EncryptedData => {
    const cipher = createCipheriv('aes-128-cbc', sessionKey, iv);
    const bytes = Buffer.concat([cipher.update(JSON.stringify(data)), cipher.final()]);
    return { encryptedData: bytes.toString('base64'), iv: iv.toString('base64') };
  };
  const open = <T>(kind: z.ZodType<T>, sealed: EncryptedData, key: Buffer) =>
    opener.decrypt(kind, sealed, key.toString('base64'), APP_ID);

  const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
  const steps = fc.array(fc.record({ timestamp: fc.nat(), step: fc.nat() }), { minLength: 1, maxLength: 31 });

  test.each([
    [600, undefined],
    [601, 'EXPIRED'],
    [-300, undefined],
    [-301, 'EXPIRED'],
  ])('%i seconds old has the fault %s', (age, fault) => {
    const key = randomBytes(16);
    const sealed = encrypt({ watermark: { timestamp: NOW_S - age, appid: APP_ID } }, key, randomBytes(16));
    expect(open(z.object({}), sealed, key).fault).toBe(fault);
  });

  test('that is not UTF-8 is unreadable', () => {
    const [key, iv] = [randomBytes(16), randomBytes(16)];
    const cipher = createCipheriv('aes-128-cbc', key, iv);
    const text = JSON.stringify({ name: '?', watermark });
    const bytes = Buffer.from(text);
    bytes[text.indexOf('?')] = 0xff;
    const encryptedData = Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64');
    expect(open(z.object({}), { encryptedData, iv: iv.toString('base64') }, key).fault).toBe('UNREADABLE');
  });

  test.each(['g'.repeat(15), 'g'.repeat(129), `${'g'.repeat(16)} `, ` ${'g'.repeat(16)}`])(
    'with the group id %j is of another kind',
    (openGId) => {
      const key = randomBytes(16);
      for (const content of [{ openGId }, { opengid: openGId }])
        expect(open(groupInfo, encrypt({ ...content, watermark }, key, randomBytes(16)), key).fault).toBe(
          'OTHER_KIND',
        );
    },
  );

  test('of steps is decrypted unchanged', () => {
    fc.assert(
      fc.property(steps, bytes16, bytes16, (stepInfoList, key, iv) => {
        const sealed = encrypt({ stepInfoList, watermark }, key, iv);
        expect(open(runData, sealed, key).data).toEqual(
          stepInfoList.map(({ timestamp, step }) => ({
            date: new Date((timestamp + 8 * 3600) * 1000).toISOString().slice(0, 10),
            steps: step,
          })),
        );
      }),
    );
  });

  test('of any JSON is decrypted unchanged', () => {
    const any = z.looseObject({ watermark: z.object({ appid: z.string(), timestamp: z.int() }) });
    fc.assert(
      fc.property(
        // But for `__proto__`, which zod drops.
        fc.dictionary(
          fc.string({ unit: 'grapheme' }).filter((name) => name !== '__proto__'),
          fc.json(),
        ),
        bytes16,
        bytes16,
        (data, key, iv) => {
          const content = { ...data, watermark };
          expect(open(any, encrypt(content, key, iv), key).data).toEqual(JSON.parse(JSON.stringify(content)));
        },
      ),
    );
  });

  const phoneText = { phoneNumber: '13580006666', purePhoneNumber: '13580006666', countryCode: '86' };

  test('of a phone number with one bit changed never yields another number', () => {
    const key = randomBytes(16);
    const sealed = encrypt({ ...phoneText, watermark }, key, randomBytes(16));
    for (const field of ['encryptedData', 'iv'] as const) {
      const bytes = Buffer.from(sealed[field], 'base64');
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { data } = open(consistentPhoneInfo, { ...sealed, [field]: flipped.toString('base64') }, key);
        expect(data).toBeUndefined();
      }
    }
  });

  test('with a bit changed, another key or iv, or truncated, yields a fault and no exception', () => {
    fc.assert(
      fc.property(
        steps,
        bytes16,
        bytes16,
        fc.nat(),
        fc.constantFrom('data', 'iv', 'key', 'other iv', 'cut'),
        (stepInfoList, key, iv, place, what) => {
          const sealed = encrypt({ stepInfoList, watermark }, key, iv);
          const flip = (bytes: Buffer) => {
            const copy = Buffer.from(bytes);
            const bit = place % (copy.length * 8);
            copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
            return copy;
          };
          const damaged = {
            data: {
              ...sealed,
              encryptedData: flip(Buffer.from(sealed.encryptedData, 'base64')).toString('base64'),
            },
            iv: { ...sealed, iv: flip(iv).toString('base64') },
            key: sealed,
            'other iv': { ...sealed, iv: randomBytes(16).toString('base64') },
            cut: {
              ...sealed,
              encryptedData: sealed.encryptedData.slice(0, place % sealed.encryptedData.length),
            },
          }[what];
          const opened = open(runData, damaged, what === 'key' ? flip(key) : key);
          expect(opened).toEqual({ fault: expect.any(String) });
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('of arbitrary text yields a fault and no exception', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, text, text, (encryptedData, iv, sessionKey) => {
        expect(opener.decrypt(runData, { encryptedData, iv }, sessionKey, APP_ID).data).toBeUndefined();
      }),
    );
  });
});
