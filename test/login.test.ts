import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from './support/databases.ts';
import {
  APP_ID,
  codeOf,
  type Product,
  SECOND_APP_ID,
  startProduct,
  USER,
  type UserData,
} from './support/product.ts';

const ME = `{ me ${USER} }`;

describe.each(DATABASES)('login on $name', (database) => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(await database.create());
  });
  afterAll(() => product.close());

  const loggedIn = async (code: string, options?: Parameters<Product['login']>[1]) => {
    const { data, errors } = await product.login(code, options);
    expect(errors).toBeUndefined();
    if (!data) throw new Error('no data');
    return data.login;
  };
  const me = async (token: string) => (await product.query<{ me: UserData }>(ME, { token })).data?.me;

  test('login returns a token, and me with it returns that user', async () => {
    const login = await loggedIn(await product.mint('first'), { userInfo: { nickName: 'First 🐳' } });
    expect(login).toMatchObject({ isNewUser: true, user: { nickName: 'First 🐳', role: 'USER' } });
    expect(new Date(login.expiresAt).getTime() - product.clock.now).toBeGreaterThan(3_590_000);
    expect(await me(login.token)).toEqual(login.user);
  });

  test('the same person again is the same user, with isNewUser false', async () => {
    const first = await loggedIn(await product.mint('again'));
    product.clock.now += 1500;
    const second = await loggedIn(await product.mint('again'));
    expect([first.isNewUser, second.isNewUser]).toEqual([true, false]);
    expect(second.user.id).toBe(first.user.id);
    expect(Date.parse(second.user.lastLoginAt) - Date.parse(first.user.lastLoginAt)).toBe(1500);
  });

  test('100 concurrent first logins of one person make one user and one isNewUser', async () => {
    const logins = await Promise.all(Array.from({ length: 100 }, () => loggedIn('dev:crowd')));
    expect(new Set(logins.map(({ user }) => user.id)).size).toBe(1);
    expect(logins.filter(({ isNewUser }) => isNewUser)).toHaveLength(1);
  });

  test('a one-time code works once, for five minutes, in its own mini program', async () => {
    const code = await product.mint('once');
    await loggedIn(code);
    const used = await product.login(code);
    expect(used.errors?.[0]?.extensions).toEqual({
      code: 'WECHAT_CODE_INVALID',
      action: 'RELOGIN',
      wechat: { errcode: 40163, rid: expect.stringMatching(/^[\w-]+$/) },
    });
    const old = await product.mint('once');
    product.clock.now += 5 * 60_000 + 1;
    expect((await product.login(old)).errors?.[0]?.extensions.wechat?.errcode).toBe(40029);
    const foreign = await product.mint('once', SECOND_APP_ID);
    expect((await product.login(foreign)).errors?.[0]?.extensions.wechat?.errcode).toBe(40029);
    expect((await loggedIn(foreign, { appId: SECOND_APP_ID })).isNewUser).toBe(true);
  });

  test('a person is one user per mini program, and a token is valid for its own', async () => {
    const here = await loggedIn('dev:both');
    const there = await loggedIn('dev:both', { appId: SECOND_APP_ID });
    expect(there.user.id).not.toBe(here.user.id);
    expect((await loggedIn('dev:both', { appId: APP_ID })).user.id).toBe(here.user.id);
    expect(await me(there.token)).toMatchObject({ id: there.user.id });
  });

  test('a unionid appears when WeChat first returns it', async () => {
    expect((await loggedIn('dev:union')).user.unionId).toBeNull();
    await fetch(`${product.sandbox.url}/sandbox/users`, {
      method: 'POST',
      body: JSON.stringify({ user: 'union', unionid: true }),
    });
    const { unionId } = (await loggedIn('dev:union')).user;
    expect(unionId).toMatch(/^u[\w-]{27}$/);
    expect((await loggedIn('dev:union', { appId: SECOND_APP_ID })).user.unionId).toBe(unionId);
  });

  test('one person in two mini programs: linkedAccounts names the other, once the unionid is known', async () => {
    const LINKED = '{ me { id linkedAccounts { id appId createdAt lastLoginAt } } }';
    type Linked = { me: { id: string; linkedAccounts: { id: string; appId: string }[] } };
    const linked = async (token: string) => (await product.query<Linked>(LINKED, { token })).data?.me;
    const here = await loggedIn('dev:linked');
    const there = await loggedIn('dev:linked', { appId: SECOND_APP_ID });
    expect((await linked(here.token))?.linkedAccounts).toEqual([]);
    await product.control('users', { user: 'linked', unionid: true });
    await product.control('users', { user: 'stranger', unionid: true });
    for (const user of ['linked', 'stranger'])
      for (const appId of [APP_ID, SECOND_APP_ID]) await loggedIn(`dev:${user}`, { appId });
    expect((await linked(here.token))?.linkedAccounts).toMatchObject([
      { id: there.user.id, appId: SECOND_APP_ID },
    ]);
    expect((await linked(there.token))?.linkedAccounts).toMatchObject([{ id: here.user.id, appId: APP_ID }]);
  });

  test('userInfo is accepted exactly as phones send it', async () => {
    const userInfo = {
      nickName: 'Real',
      avatarUrl: 'https://thirdwx.qlogo.cn/mmopen/vi_32/abc/132',
      gender: 2,
      country: 'China',
      province: 'Guangdong',
      city: '',
      language: 'zh_CN',
      is_demote: 'false',
    };
    const { user } = await loggedIn('dev:phone', { userInfo });
    const { is_demote: _, ...shown } = userInfo;
    expect(user).toMatchObject({ ...shown, city: null });
  });

  test('a placeholder or an empty value never overwrites what is stored', async () => {
    const real = {
      nickName: 'Keeper',
      avatarUrl: 'https://thirdwx.qlogo.cn/a/132',
      gender: 1,
      city: 'Shenzhen',
      language: 'zh_CN',
    };
    await loggedIn('dev:keeper', { userInfo: real });
    const grey =
      'https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132';
    const demoted = {
      nickName: '微信用户',
      avatarUrl: grey,
      gender: 0,
      country: '',
      province: '',
      city: '',
      language: '',
    };
    for (const userInfo of [
      { ...demoted, is_demote: true },
      { ...demoted, is_demote: 'true' },
      demoted,
      { nickName: null, avatarUrl: null, gender: null },
      { ...real, nickName: 'WeChat User', is_demote: true },
      {},
      null,
    ])
      expect((await loggedIn('dev:keeper', { userInfo })).user).toMatchObject(real);
    expect(
      (await loggedIn('dev:blank', { userInfo: { ...demoted, is_demote: true } })).user.nickName,
    ).toBeNull();
  });

  test('login ignores an expired token in the request', async () => {
    const { token } = await loggedIn('dev:stale');
    product.clock.now += 3_601_000;
    expect(codeOf(await product.query(ME, { token }))).toBe('UNAUTHENTICATED');
    await loggedIn('dev:stale', { token });
  });

  test('updateProfile changes the given fields and returns the user', async () => {
    const { token } = await loggedIn('dev:editor', { userInfo: { nickName: 'Old', city: 'Xi’an' } });
    const { data } = await product.query<{ updateProfile: { user: UserData } }>(
      `mutation ($profile: ProfileInput!) { updateProfile(profile: $profile) { user ${USER} } }`,
      { token, variables: { profile: { nickName: 'New 🐼', city: null, language: '' } } },
    );
    expect(data?.updateProfile.user).toMatchObject({
      nickName: 'New 🐼',
      city: null,
      openId: expect.any(String),
    });
    expect(await me(token)).toEqual(data?.updateProfile.user);
  });

  test('two logins in one request each return their own user', async () => {
    const { data } = await product.query<Record<'a' | 'b', { user: UserData }>>(
      `mutation { a: login(code: "dev:anna") { user { openId } } b: login(code: "dev:bert") { user { openId } } }`,
    );
    expect(data?.a.user.openId).toMatch(/^o/);
    expect(data?.b.user.openId).not.toBe(data?.a.user.openId);
  });
});
