import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, MYSQL, runSql } from './support/databases.ts';
import {
  type Answer,
  codeOf,
  type LoginData,
  type Product,
  SECOND_APP_ID,
  startProduct,
} from './support/product.ts';

const LOGIN = 'mutation ($code: String!) { login(code: $code) { token isNewUser user { id } } }';

type Login = Answer<{ login: LoginData }>;

describe.each(DATABASES)('Idempotency-Key on $name', (database) => {
  let product: Product;
  let url: string;
  beforeAll(async () => {
    url = await database.create();
    product = await startProduct(url);
  });
  afterAll(() => product.close());

  const login = (code: string, key?: string): Promise<Login> =>
    product.query(LOGIN, { variables: { code }, headers: key ? { 'idempotency-key': key } : {} });
  const idOf = ({ data }: Login) => data?.login.user.id;
  const calls = (code: string) => product.sandbox.calls().filter((call) => call.code === code).length;

  test('200 concurrent logins with one code and one key: one call, 200 times the same user', async () => {
    const [code, key] = [await product.mint('crowd'), randomUUID()];
    const answers = await Promise.all(Array.from({ length: 200 }, () => login(code, key)));
    expect(answers.map(codeOf)).toEqual(Array(200).fill(undefined));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(calls(code)).toBe(1);
  });

  test('200 with 200 keys: one success, 199 times WECHAT_CODE_INVALID', async () => {
    const code = await product.mint('rivals');
    const answers = await Promise.all(Array.from({ length: 200 }, () => login(code, randomUUID())));
    expect(answers.filter((answer) => idOf(answer))).toHaveLength(1);
    expect(answers.filter((answer) => codeOf(answer) === 'WECHAT_CODE_INVALID')).toHaveLength(199);
    expect(codeOf(await login(code))).toBe('WECHAT_CODE_INVALID');
  });

  test('a repeat within 30 s gets an equivalent response; a later one goes to WeChat', async () => {
    const [code, key] = [await product.mint('lost'), randomUUID()];
    const first = await login(code, key);
    product.clock.now += 29_000;
    const second = await login(code, `"${key}"`);
    expect(second.data?.login.user).toEqual(first.data?.login.user);
    expect([first, second].map(({ data }) => data?.login.isNewUser)).toEqual([true, true]);
    const me = await product.query<{ me: { id: string } }>('{ me { id } }', {
      token: second.data?.login.token,
    });
    expect(me.data?.me.id).toBe(idOf(first));
    product.clock.now += 2000;
    expect(codeOf(await login(code, key))).toBe('WECHAT_CODE_INVALID');
    expect(calls(code)).toBe(2);
  });

  test('a repeat to another process is WECHAT_CODE_INVALID, RELOGIN', async () => {
    const other = await startProduct(url, { WECHAT_API_URL: product.sandbox.url });
    const [code, key] = [await product.mint('migrant'), randomUUID()];
    expect(codeOf(await login(code, key))).toBeUndefined();
    const { errors } = await other.query(LOGIN, { variables: { code }, headers: { 'idempotency-key': key } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'WECHAT_CODE_INVALID', action: 'RELOGIN' });
    await other.close();
  });

  test('a key is bound to its code and its mini program', async () => {
    const [one, two, key] = [await product.mint('one'), await product.mint('two'), randomUUID()];
    const ids = (await Promise.all([login(one, key), login(two, key)])).map(idOf);
    expect(new Set(ids).size).toBe(2);
    const there = await product.query<{ login: LoginData }>(
      `mutation ($code: String!) { login(code: $code, appId: "${SECOND_APP_ID}") { user { id } } }`,
      { variables: { code: one }, headers: { 'idempotency-key': key } },
    );
    expect(codeOf(there)).toBe('WECHAT_CODE_INVALID');
  });

  test('a repeat reads the user again, so its token is current', async () => {
    const [code, key] = [await product.mint('returning'), randomUUID()];
    const first = await login(code, key);
    await product.query('mutation { updateProfile(profile: { nickName: "Since" }) { user { id } } }', {
      token: first.data?.login.token,
    });
    const again = await product.query<{ login: LoginData }>(
      'mutation ($code: String!) { login(code: $code) { token user { nickName } } }',
      { variables: { code }, headers: { 'idempotency-key': key } },
    );
    expect(again.data?.login.user.nickName).toBe('Since');
  });

  test('after a logout or a disabling, a repeat gets no token', async () => {
    const [code, headers] = [await product.mint('leaver'), { 'idempotency-key': randomUUID() }];
    const again = (): Promise<Login> => product.query(LOGIN, { variables: { code }, headers });
    const first = await again();
    const { data } = await product.query('mutation { logout { user { id } } }', {
      token: first.data?.login.token,
    });
    expect(data).toEqual({ logout: { user: { id: first.data?.login.user.id } } });
    expect((await again()).errors?.[0]?.extensions).toEqual({
      code: 'WECHAT_CODE_INVALID',
      action: 'RELOGIN',
    });
    expect(codeOf(await login(await product.mint('leaver')))).toBeUndefined();
    expect(codeOf(await again())).toBe('WECHAT_CODE_INVALID');
    await product.app.storage.users.setDisabled(idOf(first) ?? '', true);
    expect(codeOf(await again())).toBe('USER_DISABLED');
    await product.app.storage.users.setDisabled(idOf(first) ?? '', false);
    expect(codeOf(await again())).toBe('WECHAT_CODE_INVALID');
  });

  test('a repeat does not restore a deleted user', async () => {
    const [code, headers] = [await product.mint('deleted'), { 'idempotency-key': randomUUID() }];
    const again = (): Promise<Login> => product.query(LOGIN, { variables: { code }, headers });
    const { users } = product.app.storage;
    const user = await users.byId(idOf(await again()) ?? '');
    if (user) await users.erase(user);
    expect(codeOf(await again())).toBe('WECHAT_CODE_INVALID');
    expect(calls(code)).toBe(1);
  });

  test('a failed attempt is not cached', async () => {
    const [code, key] = ['dev:unlucky', randomUUID()];
    await fetch(`${product.sandbox.url}/sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ path: '/sns/jscode2session', fault: 'http-502' }),
    });
    expect(codeOf(await login(code, key))).toBe('WECHAT_UNAVAILABLE');
    expect(idOf(await login(code, key))).toBeDefined();
  });

  test.each(['short', 'with spaces in the middle of it', 'x'.repeat(129)])(
    'the key %s is refused',
    async (key) => {
      const code = await product.mint('odd');
      expect(codeOf(await login(code, key))).toBe('BAD_USER_INPUT');
      expect(idOf(await login(code))).toBeDefined();
    },
  );
});

test.runIf(MYSQL)(
  'where only the database failed, a repeat goes on with the session that WeChat gave',
  async () => {
    const url = (await MYSQL?.create()) ?? '';
    const product = await startProduct(url);
    const [code, headers] = [await product.mint('patient'), { 'idempotency-key': randomUUID() }];
    await runSql(url, 'ALTER TABLE user ADD CONSTRAINT closed CHECK (token_version > 0)');
    expect(codeOf(await product.query(LOGIN, { variables: { code }, headers }))).toBe(
      'INTERNAL_SERVER_ERROR',
    );
    await runSql(url, 'ALTER TABLE user DROP CONSTRAINT closed');
    const answer: Login = await product.query(LOGIN, { variables: { code }, headers });
    expect(answer.data?.login.isNewUser).toBe(true);
    expect(product.sandbox.calls()).toHaveLength(1);
    await product.close();
  },
);

test.runIf(MYSQL)(
  'a repeat tells of a new user also where the database had made it but could not say so',
  async () => {
    const url = (await MYSQL?.create()) ?? '';
    const product = await startProduct(url, { DATABASE_TIMEOUT_MS: '300' });
    const [code, headers] = [await product.mint('slow'), { 'idempotency-key': randomUUID() }];
    const login = (): Promise<Login> => product.query(LOGIN, { variables: { code }, headers });
    await runSql(url, 'CREATE TRIGGER slow AFTER INSERT ON user FOR EACH ROW DO SLEEP(1)');
    expect(codeOf(await login())).toBe('SERVICE_UNAVAILABLE');
    await runSql(url, 'DROP TRIGGER slow');
    expect((await login()).data?.login.isNewUser).toBe(true);
    expect((await login()).data?.login.isNewUser).toBe(true);
    expect((await product.login('dev:slow')).data?.login.isNewUser).toBe(false);
    await product.close();
  },
);
