import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JWT_SECRET, OLD_JWT_SECRET } from './support/canaries.ts';
import { DATABASES, runSql } from './support/databases.ts';
import {
  APP_ID,
  codeOf,
  type LoginData,
  type Product,
  SECOND_APP_ID,
  startProduct,
} from './support/product.ts';

const ME = '{ me { id } }';
const UPDATE =
  'mutation ($profile: ProfileInput!) { updateProfile(profile: $profile) { user { nickName } } }';

describe.each(DATABASES)('bad input on $name', (database) => {
  let product: Product;
  let url: string;
  let alice: LoginData;

  beforeAll(async () => {
    url = await database.create();
    product = await startProduct(url);
    alice = await loggedIn('dev:alice', { nickName: 'Alice', gender: 2 });
  });
  afterAll(() => product.close());

  const loggedIn = async (code: string, userInfo?: unknown): Promise<LoginData> => {
    const { data } = await product.login(code, { userInfo });
    if (!data) throw new Error('no data');
    return data.login;
  };

  test.each([
    ['empty', '', 'BAD_USER_INPUT', /empty/],
    ['over-long', 'x'.repeat(257), 'BAD_USER_INPUT', /too long/],
    ['not ASCII', '代码', 'BAD_USER_INPUT', /invalid characters/],
    ['with a line break', 'abc\n', 'BAD_USER_INPUT', /characters/],
    ['unknown', 'abcdefghijklmnop', 'WECHAT_CODE_INVALID', /wx\.login/],
    ['full of URL syntax', 'a&grant_type=x&secret=y#z%00?/../', 'BAD_USER_INPUT', /characters/],
    ['full of what a URL escapes', 'a=b+c:d~e==', 'WECHAT_CODE_INVALID', /wx\.login/],
  ])('a code that is %s is %#: refused with its code and what to do', async (_, code, expected, message) => {
    const answer = await product.login(code);
    expect(answer.status).toBe(200);
    expect(codeOf(answer)).toBe(expected);
    expect(answer.errors?.[0]?.message).toMatch(message);
    expect(answer.data).toBeNull();
  });

  test('an unknown appId is BAD_USER_INPUT, and no other app is tried', async () => {
    const answer = await product.login('dev:alice', { appId: 'wxnobodyknowsthis' });
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(answer.errors?.[0]?.message).toMatch(/appId/);
  });

  test.each<[string, unknown, RegExp]>([
    ['a nickName of 10,000 characters', { nickName: 'x'.repeat(10_000) }, /nickName is too long: at most 64/],
    ['a nickName of 65 emoji', { nickName: '🐳'.repeat(65) }, /nickName is too long/],
    ['control characters', { nickName: 'a\u0007b' }, /nickName has control characters/],
    ['half an emoji', { nickName: 'a\ud83d' }, /surrogate pair/],
    ['an avatarUrl that is no URL', { avatarUrl: 'picture' }, /avatarUrl is not an https URL/],
    ['an avatarUrl over http', { avatarUrl: 'http://a.example/x.png' }, /avatarUrl is not an https URL/],
    [
      'an avatarUrl with a password',
      { avatarUrl: 'https://u:p@a.example/x.png' },
      /avatarUrl is not an https URL/,
    ],
    ['an avatarUrl of javascript:', { avatarUrl: 'javascript:alert(1)' }, /avatarUrl is not an https URL/],
    [
      'a temporary file of chooseAvatar',
      { avatarUrl: 'http://tmp/abc.jpeg' },
      /avatarUrl is a temporary file.*upload/,
    ],
    ['a wxfile:', { avatarUrl: 'wxfile://tmp_abc.jpeg' }, /upload/],
    ['gender 7', { gender: 7 }, /gender is 7: it must be 0 \(unknown\), 1 \(male\) or 2 \(female\)/],
    ['a long language', { language: 'z'.repeat(65) }, /language is too long/],
  ])(
    '%s is BAD_USER_INPUT at updateProfile, and nothing is stored; a login never fails because of it',
    async (_, profile, message) => {
      const code = await product.mint('fresh');
      const login = await product.login(code, { userInfo: profile });
      expect(login.errors).toBeUndefined();

      const update = await product.query(UPDATE, {
        token: alice.token,
        variables: { profile: { city: 'X', ...Object(profile) } },
      });
      expect(codeOf(update)).toBe('BAD_USER_INPUT');
      expect(update.errors?.[0]?.message).toMatch(message);
      expect(update.errors?.[0]?.message).toMatch(/^profile\./);
      const { data } = await product.query<{ me: unknown }>('{ me { nickName gender city } }', {
        token: alice.token,
      });
      expect(data?.me).toEqual({ nickName: 'Alice', gender: 2, city: null });
    },
  );

  test.each<[string, unknown]>([
    ['a gender that is no number', { gender: 'male' }],
    ['an unknown field', { nickname: 'x' }],
    ['a list for a text', { nickName: ['x'] }],
    ['an is_demote that is neither', { is_demote: 'yes' }],
  ])('%s in the variables is BAD_USER_INPUT', async (_, userInfo) => {
    const answer = await product.login('dev:alice', { userInfo });
    expect(answer.status).toBe(400);
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
  });

  test.each([
    ['missing', undefined, /missing/],
    ['empty', '', /missing/],
    ['a bare token', 'abc', /malformed/],
    ['another scheme', 'Basic YTpi', /malformed/],
    ['two words', 'Bearer a b', /malformed/],
    ['four parts', 'Bearer a.b.c.d', /malformed/],
    ['a megabyte', `Bearer ${'a'.repeat(100_000)}.b.c`, /malformed/],
    ['three parts of nothing', 'Bearer e30.e30.e30', /signature, issuer or audience is wrong/],
  ])(
    'an Authorization header that is %s is UNAUTHENTICATED, and the message says why',
    async (_, authorization, message) => {
      const answer = await product.query(ME, {
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(answer.status).toBe(200);
      expect(answer.data).toEqual({ me: null });
      expect(answer.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
      expect(answer.errors?.[0]?.message).toMatch(message);
    },
  );

  const forged = (
    secret: string,
    change: { iss?: string; aud?: string; kid?: string; sub?: string } = {},
  ) => {
    const [header = '', payload = ''] = alice.token
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString());
    return new SignJWT({ ...JSON.parse(payload), ...change })
      .setProtectedHeader({ ...JSON.parse(header), ...(change.kid ? { kid: change.kid } : {}) })
      .sign(new TextEncoder().encode(secret));
  };
  const refusal = async (token: string) => {
    const answer = await product.query(ME, { token });
    expect(answer.status).toBe(200);
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
    return answer.errors?.[0]?.message;
  };

  test('a token signed with the right secret is accepted, so the rejections below mean something', async () => {
    expect((await product.query(ME, { token: await forged(JWT_SECRET) })).errors).toBeUndefined();
  });

  test('a token with another issuer, audience, key or algorithm is invalid', async () => {
    const [, payload = ''] = alice.token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    for (const token of [
      await forged(JWT_SECRET, { iss: 'somebody' }),
      await forged(JWT_SECRET, { aud: 'wxsomebodyelse' }),
      await forged(JWT_SECRET, { kid: 'unknown' }),
      await forged(OLD_JWT_SECRET),
      `${new UnsecuredJWT(claims).encode()}x`,
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
        .sign(new TextEncoder().encode(JWT_SECRET + JWT_SECRET)),
    ])
      expect(await refusal(token)).toMatch(/signature, issuer or audience is wrong/);
    expect(await refusal(new UnsecuredJWT(claims).encode())).toMatch(/malformed/);
  });

  test('a token of one mini program is invalid for the account in another', async () => {
    expect(await refusal(await forged(JWT_SECRET, { aud: SECOND_APP_ID }))).toMatch(/revoked/);
    expect(
      (await product.query(ME, { token: await forged(JWT_SECRET, { aud: APP_ID }) })).errors,
    ).toBeUndefined();
  });

  test('an expired token is reported as expired', async () => {
    const { token } = await loggedIn('dev:expired');
    product.clock.now += 3_600_000;
    expect(await refusal(token)).toMatch(/expired/);
  });

  test('a token of a deleted user is revoked', async () => {
    alice = await loggedIn('dev:alice');
    expect(await refusal(await forged(JWT_SECRET, { sub: '00000000-0000-7000-8000-000000000000' }))).toMatch(
      /revoked/,
    );
    if (database.name !== 'MariaDB') return;
    const { token, user } = await loggedIn('dev:deleted');
    await runSql(url, 'DELETE FROM user WHERE id = ?', [user.id]);
    expect(await refusal(token)).toMatch(/revoked/);
    const update = await product.query(UPDATE, { token, variables: { profile: { nickName: 'Ghost' } } });
    expect(codeOf(update)).toBe('UNAUTHENTICATED');
  });
});

describe('rotation of JWT_SECRET', () => {
  test('the first secret signs, the old one still verifies; without it, its tokens are invalid', async () => {
    const [database] = DATABASES;
    if (!database) return;
    const url = await database.create();
    const before = await startProduct(url, { JWT_SECRET: OLD_JWT_SECRET });
    const token = (await before.login('dev:rot')).data?.login.token;
    await before.close();
    const during = await startProduct(url, { JWT_SECRET: `${JWT_SECRET},${OLD_JWT_SECRET}` });
    expect((await during.query(ME, { token })).errors).toBeUndefined();
    const fresh = (await during.login('dev:rot')).data?.login.token;
    await during.close();
    const after = await startProduct(url, { JWT_SECRET });
    expect(codeOf(await after.query(ME, { token }))).toBe('UNAUTHENTICATED');
    expect((await after.query(ME, { token: fresh })).errors).toBeUndefined();
    await after.close();
  });
});
