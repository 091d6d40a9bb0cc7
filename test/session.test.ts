import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from './support/databases.ts';
import { codeOf, type Product, SECOND_APP_ID, startProduct, USER, type UserData } from './support/product.ts';

const ME = `{ me ${USER} }`;
const RENEW = `mutation { renewToken { token expiresAt user ${USER} } }`;
const LOGOUT = 'mutation { logout { user { id } } }';
const DAY = 86_400_000;

type Renewal = { renewToken: { token: string; expiresAt: string; user: UserData } };

describe.each(DATABASES)('sessions on $name', (database) => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(await database.create());
  });
  afterAll(() => product.close());

  const logIn = async (name: string) => {
    const { data } = await product.login(`dev:${name}`);
    if (!data) throw new Error('no data');
    return data.login;
  };
  const renew = (token: string | undefined) => product.query<Renewal>(RENEW, { token });
  const renewed = async (token: string) => {
    const { data, errors } = await renew(token);
    expect(errors).toBeUndefined();
    if (!data) throw new Error('no data');
    return data.renewToken;
  };
  const me = async (token: string) => {
    const answer = await product.query<{ me: UserData }>(ME, { token });
    return codeOf(answer) ?? answer.data?.me.id;
  };

  test('renewToken returns a new token; the old one stays valid', async () => {
    const { token, expiresAt, user } = await logIn('renewer');
    product.clock.now += 1_800_000;
    const renewal = await renewed(token);
    expect(Date.parse(renewal.expiresAt) - Date.parse(expiresAt)).toBe(1_800_000);
    expect(renewal.user).toEqual(user);
    expect([await me(token), await me(renewal.token)]).toEqual([user.id, user.id]);
    product.clock.now += 1_800_001;
    expect([await me(token), await me(renewal.token)]).toEqual(['UNAUTHENTICATED', user.id]);
  });

  test('renewToken and logout need no WeChat', async () => {
    const cutOff = await startProduct(await database.create());
    const { data } = await cutOff.login('dev:anybody');
    await cutOff.sandbox.close();
    const { errors } = await cutOff.query(`mutation { renewToken { token } logout { user { id } } }`, {
      token: data?.login.token,
    });
    expect(errors).toBeUndefined();
    await cutOff.close();
  });

  test('a token of a mini program that is no longer configured is rejected', async () => {
    const url = await database.create();
    const before = await startProduct(url);
    const { data } = await before.login('dev:left-behind', { appId: SECOND_APP_ID });
    const token = data?.login.token;
    expect(codeOf(await before.query(ME, { token }))).toBeUndefined();
    await before.close();
    const after = await startProduct(url, { WECHAT_APPS: '' });
    expect(codeOf(await after.query(ME, { token }))).toBe('UNAUTHENTICATED');
    await after.close();
  });

  test('an expired or missing token is not renewed', async () => {
    const { token } = await logIn('late');
    product.clock.now += 3_600_001;
    expect(codeOf(await renew(token))).toBe('UNAUTHENTICATED');
    expect(codeOf(await renew(undefined))).toBe('UNAUTHENTICATED');
  });

  test('renewal ends 30 days after the login, to the second', async () => {
    const start = product.clock.now;
    let { token, expiresAt, user } = await logIn('faithful');
    const end = Math.floor(start / 1000) * 1000 + 30 * DAY;
    while (product.clock.now + 3_500_000 < end) {
      product.clock.now += 3_500_000;
      ({ token, expiresAt } = await renewed(token));
    }
    expect(Date.parse(expiresAt)).toBe(end);
    product.clock.now = end - 1;
    expect(await me(token)).toBe(user.id);
    expect(Date.parse((await renewed(token)).expiresAt)).toBe(end);
    product.clock.now = end;
    expect(await me(token)).toBe('UNAUTHENTICATED');
    expect(codeOf(await renew(token))).toBe('UNAUTHENTICATED');
    expect(await me((await logIn('faithful')).token)).toBe(user.id);
  });

  test('a lower SESSION_MAX_AGE also ends the tokens that were issued before, to the second', async () => {
    const url = await database.create();
    const before = await startProduct(url, { SESSION_MAX_AGE: '600' });
    const after = await startProduct(url, { SESSION_MAX_AGE: '60' });
    const { data } = await before.login('dev:shortened');
    const loggedInAt = Math.floor(before.clock.now / 1000) * 1000;
    const meAt = async (time: number) => {
      after.clock.now = time;
      return codeOf(await after.query(ME, { token: data?.login.token }));
    };
    expect(await meAt(loggedInAt + 59_999)).toBeUndefined();
    expect(await meAt(loggedInAt + 60_000)).toBe('UNAUTHENTICATED');
    await Promise.all([before.close(), after.close()]);
  });

  test('logout revokes every token of the user at once, and of nobody else', async () => {
    const other = await logIn('bystander');
    const phone = await logIn('leaver');
    const tablet = await logIn('leaver');
    const renewal = await renewed(phone.token);
    const { data } = await product.query<{ logout: { user: { id: string } } }>(LOGOUT, {
      token: tablet.token,
    });
    expect(data).toEqual({ logout: { user: { id: phone.user.id } } });
    for (const { token } of [phone, tablet, renewal]) expect(await me(token)).toBe('UNAUTHENTICATED');
    expect(codeOf(await renew(phone.token))).toBe('UNAUTHENTICATED');
    expect(await me(other.token)).toBe(other.user.id);
    expect(await me((await logIn('leaver')).token)).toBe(phone.user.id);
  });

  test('what another replica changes is effective with the next request, although the token is cached', async () => {
    const url = await database.create();
    const here = await startProduct(url);
    const there = await startProduct(url);
    const meHere = async (token: string | undefined) => {
      const answer = await here.query<{ me: UserData }>(ME, { token });
      return codeOf(answer) ?? answer.data?.me.nickName;
    };
    const cached = async () => {
      const { data } = await here.login('dev:traveller');
      // Until the document is compiled.
      for (let i = 0; i < 14; i++) await meHere(data?.login.token);
      return { token: data?.login.token, id: data?.login.user.id };
    };
    const admin = await there.login('dev:admin');
    await there.app.storage.users.setRole(admin.data?.login.user.id ?? '', 'ADMIN');
    const disable = (id: string | undefined, disabled: boolean) =>
      there.query(`mutation { setUserDisabled(id: "${id}", disabled: ${disabled}) { user { id } } }`, {
        token: admin.data?.login.token,
      });

    const { token, id } = await cached();
    await there.query('mutation { updateProfile(profile: { nickName: "new" }) { user { id } } }', { token });
    expect(await meHere(token)).toBe('new');
    await disable(id, true);
    expect(await meHere(token)).toBe('USER_DISABLED');
    await disable(id, false);
    expect(await meHere(token)).toBe('UNAUTHENTICATED');
    const next = await cached();
    expect(await meHere(next.token)).toBe('new');
    await there.query(LOGOUT, { token: next.token });
    expect(await meHere(next.token)).toBe('UNAUTHENTICATED');
    await Promise.all([here.close(), there.close()]);
  });

  test('50 concurrent logouts are one: a login after the first response stays valid', async () => {
    const { token } = await logIn('hasty');
    const logouts = Array.from({ length: 50 }, () =>
      product.query<{ logout: { user: { id: string } } }>(LOGOUT, { token }),
    );
    await Promise.race(logouts);
    const next = await logIn('hasty');
    await Promise.all(logouts);
    expect(await me(next.token)).toBe(next.user.id);
  });

  test('logout twice in one request succeeds', async () => {
    const { token, user } = await logIn('one-request');
    const { data, errors } = await product.query(
      'mutation { logout { user { id } } a: logout { user { id } } }',
      { token },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ logout: { user: { id: user.id } }, a: { user: { id: user.id } } });
    expect(await me(token)).toBe('UNAUTHENTICATED');
  });
});
