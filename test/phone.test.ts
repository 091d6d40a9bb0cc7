import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../src/errors/codes.ts';
import { ERRCODES } from '../src/wechat/errcodes.ts';
import { PHONE_MARK } from './support/canaries.ts';
import { DATABASES } from './support/databases.ts';
import { type Answer, APP_ID, codeOf, type Product, SECOND_APP_ID, startProduct } from './support/product.ts';

const PHONE_PATH = '/wxa/business/getuserphonenumber';
const TOKEN_PATH = '/cgi-bin/stable_token';
const FIELDS = '{ id phoneNumber phoneCountryCode }';

type Phone = { id: string; phoneNumber: string | null; phoneCountryCode: string | null };
type Bound = Answer<{ bindPhone: { user: Phone } }>;

let numbers = 0;
function nextNumber() {
  numbers += 1;
  return `${PHONE_MARK}${String(numbers).padStart(4, '0')}`;
}

describe.each(DATABASES)('a phone number on $name', (database) => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(await database.create());
  });
  afterAll(() => product.close());

  const signIn = async (user: string, appId = APP_ID) => {
    const { data } = await product.login(`dev:${user}`, { appId });
    if (!data) throw new Error('no data');
    return data.login.token;
  };
  const phoneCode = async (user: string, appId = APP_ID) =>
    (await product.control<{ code: string }>('phone-codes', { user, appId })).code;
  const bind = (token: string, code: string): Promise<Bound> =>
    product.query(`mutation ($code: String!) { bindPhone(code: $code) { user ${FIELDS} } }`, {
      token,
      variables: { code },
    });
  const withPhone = async (user: string, phone = nextNumber(), countryCode = '86') => {
    await product.control('users', { user, phone, countryCode });
    return { token: await signIn(user), phone };
  };
  const order = (path: string, fault: string, times = 1) => product.control('faults', { path, fault, times });
  const calls = (path: string) => product.sandbox.calls().filter((call) => call.path === path).length;

  test('of the code of the button is bound, and me returns it as E.164', async () => {
    const { token, phone } = await withPhone('first');
    const { data } = await bind(token, await phoneCode('first'));
    expect(data?.bindPhone.user).toMatchObject({ phoneNumber: `+86${phone}`, phoneCountryCode: '86' });
    const me = await product.query<{ me: Phone }>(`{ me ${FIELDS} }`, { token });
    expect(me.data?.me).toEqual(data?.bindPhone.user);
  });

  test('of another country is parsed, with its code as number or string', async () => {
    const { token, phone } = await withPhone('hongkong', `${PHONE_MARK}9`, '852');
    const { data } = await bind(token, await phoneCode('hongkong'));
    expect(data?.bindPhone.user).toMatchObject({ phoneNumber: `+852${phone}`, phoneCountryCode: '852' });
  });

  test('of a code that was used, or of another user, is WECHAT_PHONE_CODE_INVALID', async () => {
    const [{ token }, other] = [await withPhone('owner'), await signIn('thief')];
    const code = await phoneCode('owner');
    expect((await bind(other, code)).errors?.[0]?.extensions).toMatchObject({
      code: 'WECHAT_PHONE_CODE_INVALID',
      action: 'FIX_REQUEST',
    });
    expect(codeOf(await bind(token, code))).toBeUndefined();
    product.clock.now += 31_000;
    expect(codeOf(await bind(token, code))).toBe('WECHAT_PHONE_CODE_INVALID');
  });

  test('is requested once: the same code again returns the same result without a call', async () => {
    const [{ token }, code] = [await withPhone('payer'), await phoneCode('payer')];
    const before = calls(PHONE_PATH);
    const answers = await Promise.all(Array.from({ length: 20 }, () => bind(token, code)));
    expect(answers.map(codeOf)).toEqual(Array(20).fill(undefined));
    expect(codeOf(await bind(token, code))).toBeUndefined();
    expect(calls(PHONE_PATH) - before).toBe(1);
  });

  test('is not requested if another check fails', async () => {
    const before = calls(PHONE_PATH);
    const code = await phoneCode('nobody');
    expect(codeOf(await bind('', code))).toBe('UNAUTHENTICATED');
    expect(codeOf(await bind('eyJhbGciOiJIUzI1NiJ9.e30.x', code))).toBe('UNAUTHENTICATED');
    const token = await signIn('nobody');
    for (const wrong of ['', 'a b', 'x'.repeat(257), '号'])
      expect(codeOf(await bind(token, wrong))).toBe('BAD_USER_INPUT');
    expect(calls(PHONE_PATH)).toBe(before);
  });

  test('of another user of the mini program is PHONE_IN_USE until they unbind it', async () => {
    const { token, phone } = await withPhone('holder');
    const { token: other } = await withPhone('claimant', phone);
    await bind(token, await phoneCode('holder'));
    const refused = await bind(other, await phoneCode('claimant'));
    expect(refused.errors?.[0]?.extensions).toEqual({ code: 'PHONE_IN_USE', action: 'STOP' });
    await product.control('users', { user: 'claimant', phone });
    expect(codeOf(await bind(await signIn('claimant', SECOND_APP_ID), 'dev:claimant'))).toBeUndefined();
    await product.query(`mutation { unbindPhone { user ${FIELDS} } }`, { token });
    expect((await bind(other, 'dev:claimant')).data?.bindPhone.user.phoneNumber).toBe(`+86${phone}`);
  });

  test('that 20 users bind at once is bound to one of them', async () => {
    const phone = nextNumber();
    const users = Array.from({ length: 20 }, (_, i) => `race-${i}`);
    const tokens = await Promise.all(users.map(async (user) => (await withPhone(user, phone)).token));
    const answers = await Promise.all(tokens.map((token, i) => bind(token, `dev:${users[i]}`)));
    expect(answers.filter((answer) => codeOf(answer) === undefined)).toHaveLength(1);
    expect(answers.filter((answer) => codeOf(answer) === 'PHONE_IN_USE')).toHaveLength(19);
  });

  test('is hidden from others', async () => {
    const { token } = await withPhone('shy');
    const answer = await product.query('{ me { linkedAccounts { id } phoneNumber } }', { token });
    expect(codeOf(answer)).toBeUndefined();
    expect(codeOf(await product.query('{ me { phoneNumber } }'))).toBe('UNAUTHENTICATED');
  });

  test('needs an access_token, which 100 concurrent calls share and which is renewed before it expires', async () => {
    product.clock.now += 7_300_000;
    const users = Array.from({ length: 100 }, (_, i) => `shared-${i}`);
    const tokens = await Promise.all(users.map((user) => signIn(user)));
    const before = calls(TOKEN_PATH);
    await Promise.all(tokens.map((token, i) => bind(token, `dev:${users[i]}`)));
    expect(calls(TOKEN_PATH) - before).toBe(1);
    product.clock.now += 6_901_000;
    const token = await signIn('shared-0');
    product.clock.now += 1;
    await bind(token, 'dev:shared-0');
    expect(calls(TOKEN_PATH) - before).toBe(2);
  });

  test('uses the old access_token while it is valid and WeChat returns no other', async () => {
    product.clock.now += 7_300_000;
    await bind(await signIn('frugal'), 'dev:frugal');
    product.clock.now += 6_901_000;
    await order(TOKEN_PATH, '-1');
    expect(codeOf(await bind(await signIn('frugal'), 'dev:frugal'))).toBeUndefined();
  });

  test.each(['40001', '40014', '42001'])(
    'with an access_token that is stale (%s) replaces it once',
    async (fault) => {
      const { token } = await withPhone(`stale-${fault}`);
      await bind(token, `dev:stale-${fault}`);
      product.clock.now += 6 * 3_600_000 + 1000;
      const fresh = await signIn(`stale-${fault}`);
      const before = [calls(TOKEN_PATH), calls(PHONE_PATH)];
      await order(PHONE_PATH, fault);
      expect(codeOf(await bind(fresh, `dev:stale-${fault}`))).toBeUndefined();
      await order(PHONE_PATH, fault, 2);
      product.clock.now += 31_000;
      const again = await bind(fresh, `dev:stale-${fault}`);
      expect(again.errors?.[0]?.extensions).toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
      const [tokenCalls = 0, phoneCalls = 0] = before;
      expect(calls(TOKEN_PATH) - tokenCalls).toBeLessThanOrEqual(4);
      expect(calls(PHONE_PATH) - phoneCalls).toBeLessThanOrEqual(4);
    },
  );
});

test('20 concurrent calls whose access_token was invalidated elsewhere share one forced renewal', async () => {
  const product = await startProduct('file::memory:');
  const tokens = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => (await product.login(`dev:voided-${i}`)).data?.login.token),
  );
  await product.control('faults', { path: PHONE_PATH, fault: '40001', times: 20 });
  const answers = await Promise.all(
    tokens.map((token, i) =>
      product.query(`mutation { bindPhone(code: "dev:voided-${i}") { user { id } } }`, { token }),
    ),
  );
  expect(answers.map(codeOf)).toEqual(Array(20).fill(undefined));
  expect(product.sandbox.calls().filter(({ path }) => path === TOKEN_PATH)).toHaveLength(3);
  await product.close();
});

describe('every errcode of the phone API and of the token API', () => {
  const rows = (['getuserphonenumber', 'stable_token'] as const).flatMap((endpoint) =>
    ERRCODES.filter(({ at, errcode }) => {
      const special = ERRCODES.some((row) => row.errcode === errcode && row.at?.includes(endpoint));
      return at ? at.includes(endpoint) : !special;
    }).map((row) => ({ ...row, endpoint })),
  );

  test.for(rows)('$errcode of $endpoint is $code', async (row, { annotate }) => {
    const product = await startProduct('file::memory:');
    const { data } = await product.login('dev:anna');
    const path = row.endpoint === 'stable_token' ? TOKEN_PATH : PHONE_PATH;
    await product.control('faults', { path, fault: String(row.errcode), times: 5 });
    const began = performance.now();
    const { errors } = await product.query('mutation { bindPhone(code: "dev:anna") { user { id } } }', {
      token: data?.login.token,
    });
    const took = Math.round(performance.now() - began);
    const { code, action, retryAfter, wechat } = errors?.[0]?.extensions ?? {};
    const calls = product.sandbox.calls().filter((call) => call.path === path).length;
    await annotate(`${code} ${action}, ${took} ms, ${calls} upstream calls`);
    expect({ code, action, retryAfter }).toEqual({
      code: row.code,
      action: ERROR_CODES[row.code].action,
      retryAfter: row.retryAfter,
    });
    expect(wechat?.errcode).toBe(row.errcode);
    const stale = path === PHONE_PATH && [40001, 40014, 42001].includes(row.errcode);
    expect(calls).toBe(stale ? 2 : 1);
    await product.close();
  });
});

test('a rate-limited user is rejected before the code is used', async () => {
  const product = await startProduct('file::memory:', { RATE_LIMIT_PHONES_PER_USER: '2' });
  await product.control('users', { user: 'eager', phone: nextNumber(), countryCode: '86' });
  const { data } = await product.login('dev:eager');
  const attempts: Answer<unknown>[] = [];
  for (let i = 0; i < 3; i += 1) {
    const { code } = await product.control<{ code: string }>('phone-codes', { user: 'eager' });
    const query = `mutation { bindPhone(code: "${code}") { user { id } } }`;
    attempts.push(await product.query(query, { token: data?.login.token }));
  }
  expect(attempts.map(codeOf)).toEqual([undefined, undefined, 'RATE_LIMITED']);
  expect(attempts[2]?.errors?.[0]?.extensions.retryAfter).toBeGreaterThan(3000);
  expect(product.sandbox.calls().filter(({ path }) => path === PHONE_PATH)).toHaveLength(2);
  await product.close();
});
