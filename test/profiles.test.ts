import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RAW_DATA_SAMPLES } from './material/profiles.ts';
import { DATABASES } from './support/databases.ts';
import { type Product, startProduct } from './support/product.ts';

const FIELDS = 'nickName avatarUrl gender country province city language';
const LOGIN = `mutation ($code: String!, $userInfo: UserInfoInput, $signedUserInfo: SignedUserInfoInput) {
  login(code: $code, userInfo: $userInfo, signedUserInfo: $signedUserInfo) {
    ignoredFields { field reason } user { ${FIELDS} }
  }
}`;
const GREY_AVATARS = [
  'https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132',
  'https://mmbiz.qpic.cn/mmbiz/icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg/0',
];
const PICTURE = 'https://thirdwx.qlogo.cn/mmopen/vi_32/real/132';

type Logged = {
  login: { ignoredFields: { field: string; reason: string }[]; user: Record<string, unknown> };
};

describe.each(DATABASES)('a profile never blocks a login on $name', (database) => {
  let product: Product;
  let people = 0;
  beforeAll(async () => {
    product = await startProduct(await database.create());
  });
  afterAll(() => product.close());

  const login = async (user: string, variables: object) => {
    const { data, errors } = await product.query<Logged>(LOGIN, {
      variables: { code: `dev:${user}`, ...variables },
    });
    expect(errors).toBeUndefined();
    if (!data) throw new Error('no data');
    return data.login;
  };
  const newcomer = (userInfo: object) => {
    people += 1;
    return login(`newcomer-${people}`, { userInfo });
  };

  test.each<[string, object, object]>([
    ['a control character in a nickname', { nickName: '尐嘴\u0007乿親' }, { nickName: '尐嘴乿親' }],
    [
      'control characters in a city',
      { city: 'Guang\bzhou\n', province: '\tGD ' },
      { city: 'Guangzhou', province: 'GD' },
    ],
    ['half of a surrogate pair', { nickName: 'a\ud83d' }, { nickName: 'a' }],
    ['spaces around', { nickName: '  小明  ' }, { nickName: '小明' }],
    ['a long nickname', { nickName: '文'.repeat(100) }, { nickName: '文'.repeat(64) }],
    [
      'a joined emoji at the limit, which is not split',
      { nickName: `${'文'.repeat(62)}👨‍👩‍👧‍👦` },
      { nickName: '文'.repeat(62) },
    ],
    ['a long language', { language: 'z'.repeat(65) }, { language: 'z'.repeat(64) }],
    [
      'an http avatar of WeChat',
      { avatarUrl: 'http://wx.qlogo.cn/a/0' },
      { avatarUrl: 'https://wx.qlogo.cn/a/0' },
    ],
    ['a longer name than the placeholder', { nickName: '微信用户007' }, { nickName: '微信用户007' }],
    [
      'an avatar that is called like the placeholder of names',
      { avatarUrl: 'https://a.example/微信用户' },
      { avatarUrl: expect.stringContaining('https://a.example/') },
    ],
    ['only control characters', { nickName: '\u0000\u0007' }, { nickName: null }],
  ])('%s is cleaned and stored', async (_, userInfo, stored) => {
    const { user, ignoredFields } = await newcomer(userInfo);
    expect(user).toMatchObject(stored);
    expect(ignoredFields).toEqual([]);
  });

  test.each<[object, string, string]>([
    [{ avatarUrl: 'http://a.example/x.png' }, 'avatarUrl', 'NOT_HTTPS'],
    [{ avatarUrl: 'http://qlogo.cn.evil.example/x' }, 'avatarUrl', 'NOT_HTTPS'],
    [{ avatarUrl: 'http://evilqlogo.cn/x' }, 'avatarUrl', 'NOT_HTTPS'],
    [{ avatarUrl: 'javascript:alert(1)' }, 'avatarUrl', 'NOT_HTTPS'],
    [{ avatarUrl: 'http://tmp/abc.jpeg' }, 'avatarUrl', 'TEMPORARY_FILE'],
    [{ avatarUrl: 'wxfile://tmp_abc.jpeg' }, 'avatarUrl', 'TEMPORARY_FILE'],
    [{ avatarUrl: `https://a.example/${'x'.repeat(1024)}` }, 'avatarUrl', 'TOO_LONG'],
    [{ gender: 7 }, 'gender', 'INVALID'],
    [{ nickName: '微信用户' }, 'nickName', 'PLACEHOLDER'],
    [{ avatarUrl: GREY_AVATARS[0] }, 'avatarUrl', 'PLACEHOLDER'],
    [{ avatarUrl: GREY_AVATARS[1] }, 'avatarUrl', 'PLACEHOLDER'],
  ])('%j is left out, and ignoredFields says why', async (userInfo, field, reason) => {
    const { user, ignoredFields } = await newcomer({ city: 'Paris', ...userInfo });
    expect(ignoredFields).toEqual([{ field, reason }]);
    expect(user).toMatchObject({ city: 'Paris', [field]: null });
  });

  test('placeholders and what is left out never replace a stored value, at updateProfile neither', async () => {
    const real = { nickName: '小明', avatarUrl: PICTURE, gender: 1, city: '广州' };
    await login('regular', { userInfo: real });
    for (const avatarUrl of [...GREY_AVATARS, 'http://tmp/x.jpg'])
      expect(
        (await login('regular', { userInfo: { nickName: '微信用户', avatarUrl, gender: 0 } })).user,
      ).toMatchObject(real);
    const demoted = await login('regular', {
      userInfo: { nickName: 'x', avatarUrl: PICTURE, gender: 2, city: 'y', is_demote: 'true' },
    });
    expect(demoted.user).toMatchObject(real);
    expect(demoted.ignoredFields).toEqual([
      { field: 'nickName', reason: 'PLACEHOLDER' },
      { field: 'avatarUrl', reason: 'PLACEHOLDER' },
    ]);
    const { data } = await product.login('dev:regular');
    for (const avatarUrl of GREY_AVATARS) {
      const update = await product.query<{ updateProfile: { user: object } }>(
        `mutation ($profile: ProfileInput!) { updateProfile(profile: $profile) { user { ${FIELDS} } } }`,
        { variables: { profile: { avatarUrl } }, token: data?.login.token },
      );
      expect(update.data?.updateProfile.user).toMatchObject(real);
    }
  });

  test('signed data of any type is stored as far as it can be', async () => {
    await product.control('users', { user: 'signer', keepSessionKey: true });
    await login('signer', {});
    const { rawData } = await product.control<{ rawData: string }>('encrypted', {
      user: 'signer',
      kind: 'userInfo',
    });
    const sessionKey = await product.app.storage.users.sessionKey(
      (await product.login('dev:signer')).data?.login.user.id ?? '',
    );
    const sign = (text: string) => ({
      rawData: text,
      signature: createHash('sha1')
        .update(text + sessionKey)
        .digest('hex'),
    });
    expect((await login('signer', { signedUserInfo: sign(rawData) })).ignoredFields).toEqual([]);
    const odd = JSON.stringify({ nickName: 7, avatarUrl: ['x'], gender: '1', city: 'Paris', other: {} });
    const { user, ignoredFields } = await login('signer', { signedUserInfo: sign(odd) });
    expect(user).toMatchObject({ nickName: 'signer 🐳', city: 'Paris' });
    expect(ignoredFields.map(({ field, reason }) => `${field} ${reason}`).sort()).toEqual([
      'avatarUrl INVALID',
      'gender INVALID',
      'nickName INVALID',
    ]);
    const unescaped = '{"nickName":"尐嘴\u0007乿親","city":"Guang\bzhou"}';
    expect((await login('signer', { signedUserInfo: sign(unescaped) })).user).toMatchObject({
      nickName: '尐嘴乿親',
      city: 'Guangzhou',
    });
  });
});

describe('rawData as published by WeChat and SDKs', () => {
  test.for(RAW_DATA_SAMPLES.filter(({ valid }) => valid))('$source logs in', async (sample) => {
    const { rawData, signature, sessionKey } = sample;
    const wechat = createServer((_request, response) =>
      response.end(JSON.stringify({ openid: 'oRawDataRawDataRawDataRawD', session_key: sessionKey })),
    );
    await new Promise<void>((resolve) => wechat.listen(0, '127.0.0.1', resolve));
    const address = wechat.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const product = await startProduct('file::memory:', { WECHAT_API_URL: `http://127.0.0.1:${port}` });
    const { data, errors } = await product.query<Logged>(LOGIN, {
      variables: { code: 'a-real-code', signedUserInfo: { rawData, signature } },
    });
    expect(errors).toBeUndefined();
    expect(data?.login.ignoredFields).toEqual([]);
    const { nickName } = JSON.parse(rawData);
    expect(data?.login.user.nickName).toBe(nickName);
    expect(data?.login.user.avatarUrl).toMatch(/^https:\/\//);
    await product.close();
    wechat.close();
  });
});
