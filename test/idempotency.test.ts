import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES, MYSQL, runSql } from './support/databases.ts';
import { type Answer, codeOf, type LoginData, type Product, startProduct } from './support/product.ts';

const LOGIN = 'mutation ($code: String!) { login(code: $code) { token isNewUser user { id } } }';

type Login = Answer<{ login: LoginData }>;

describe.each(DATABASES)('Idempotency-Key on $name', (database) => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(await database.create(), { WECHAT_MAX_CALLS: '500' });
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

  test('a repeat within 30 s gets an equivalent answer, one after that what WeChat says', async () => {
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

  test('a failed attempt is not remembered', async () => {
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
