import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JWT_SECRET, OLD_JWT_SECRET } from './support/canaries.ts';
import { DATABASES } from './support/databases.ts';
import { APP_ID, codeOf, SECOND_APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

type Json = Record<string, unknown>;

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
function hmac(text: string, secret: string | Buffer = JWT_SECRET, hash = 'sha256'): string {
  return createHmac(hash, secret).update(text).digest('base64url');
}
/** A token of these parts, signed by the real secret unless told otherwise. */
function forge(header: unknown, claims: unknown, secret: string | Buffer = JWT_SECRET, hash?: string) {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${hmac(text, secret, hash)}`;
}
function read(token: string, index: number): Json {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());
}

describe.each(DATABASES)('attacks on tokens, on $name', (database) => {
  let server: Server;
  let token: string;
  let header: Json;
  let claims: Json;
  let stranger: { token: string; id: string };
  beforeAll(async () => {
    server = await startServer(await database.create());
    ({ token } = await server.logIn('victim'));
    stranger = await server.logIn('stranger');
    [header, claims] = [read(token, 0), read(token, 1)];
  });
  afterAll(() => server.close());

  const meWith = (authorization: string) =>
    server.post<{ me: { id: string } }>('{ me { id } }', { headers: { authorization } });

  const refused = async (tokens: Record<string, string>) => {
    const answers: Record<string, unknown> = {};
    for (const [name, each] of Object.entries(tokens)) {
      const answer = await meWith(`Bearer ${each}`);
      answers[name] = [answer.status, codeOf(answer), answer.data];
    }
    expect(answers).toEqual(
      Object.fromEntries(Object.keys(tokens).map((name) => [name, [200, 'UNAUTHENTICATED', { me: null }]])),
    );
  };

  test('the forge of these tests works: a token of the real parts is accepted', async () => {
    expect(forge(header, claims)).toBe(token);
    const made = forge(header, { ...claims, jti: randomUUID() });
    expect((await meWith(`Bearer ${made}`)).data?.me.id).toBe(claims.sub);
  });

  test('no signature: alg none in every spelling, an empty or a cut signature, parts left out', async () => {
    const [head, body, signature] = token.split('.');
    const unsigned = (alg: unknown) => `${part({ ...header, alg })}.${part(claims)}`;
    await refused({
      ...Object.fromEntries(
        ['none', 'None', 'NONE', 'nOnE', '', null, 0, [], ['HS256']].flatMap((alg) => [
          [`${JSON.stringify(alg)}, no signature`, `${unsigned(alg)}.`],
          [`${JSON.stringify(alg)}, old signature`, `${unsigned(alg)}.${signature}`],
          [`${JSON.stringify(alg)}, signed`, forge({ ...header, alg }, claims)],
        ]),
      ),
      'no signature': `${head}.${body}.`,
      'two parts': `${head}.${body}`,
      'one part': `${head}`,
      'four parts': `${token}.${signature}`,
      'five parts, as an encrypted token': `${head}.${body}.${body}.${body}.${signature}`,
      'a cut signature': token.slice(0, -1),
      'half a signature': token.slice(0, -20),
      'a longer signature': `${token}AAAA`,
      'a signature of zeros': `${head}.${body}.${'A'.repeat(43)}`,
      "another token's signature": `${head}.${body}.${stranger.token.split('.')[2]}`,
      "another token's claims": `${head}.${stranger.token.split('.')[1]}.${signature}`,
      'no alg': forge({ typ: 'JWT', kid: header.kid }, claims),
      'alg twice': forge(`{"alg":"none","alg":"HS256","typ":"JWT","kid":"${header.kid}"}`, claims),
      'nothing but dots': '..',
    });
  });

  test('other algorithms, and keys that the token brings or names itself', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ed = generateKeyPairSync('ed25519');
    const signed = (head: Json, key: KeyObject, hash: string | null) => {
      const text = `${part(head)}.${part(claims)}`;
      return `${text}.${sign(hash, Buffer.from(text), key).toString('base64url')}`;
    };
    const jwk = pair.publicKey.export({ format: 'jwk' });
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const url = `${server.url}/.well-known/jwks.json`;
    await refused({
      HS384: forge({ ...header, alg: 'HS384' }, claims, JWT_SECRET, 'sha384'),
      HS512: forge({ ...header, alg: 'HS512' }, claims, JWT_SECRET, 'sha512'),
      'RS256 by a key of the attacker': signed({ ...header, alg: 'RS256' }, pair.privateKey, 'sha256'),
      'EdDSA by a key of the attacker': signed({ ...header, alg: 'EdDSA' }, ed.privateKey, null),
      'embedded jwk': signed({ ...header, alg: 'RS256', jwk }, pair.privateKey, 'sha256'),
      'embedded symmetric jwk': forge(
        { ...header, jwk: { kty: 'oct', k: Buffer.from('x'.repeat(32)).toString('base64url') } },
        claims,
        'x'.repeat(32),
      ),
      jku: signed({ ...header, alg: 'RS256', jku: url }, pair.privateKey, 'sha256'),
      x5u: signed({ ...header, alg: 'RS256', x5u: url }, pair.privateKey, 'sha256'),
      x5c: signed({ ...header, alg: 'RS256', x5c: ['AAAA'] }, pair.privateKey, 'sha256'),
      'jwk in a token that is signed right': forge({ ...header, jwk }, claims),
      'a public key as the secret': forge(header, claims, pem),
      'an empty secret': forge(header, claims, ''),
      'the kid as the secret': forge(header, claims, String(header.kid)),
      'a secret that is no longer configured': forge(header, claims, OLD_JWT_SECRET),
      'the word secret': forge(header, claims, 'secret'),
    });
  });

  test('kid: unknown, a path, SQL, a command, a prototype, of another type, endless, absent', async () => {
    const kids = [
      'unknown',
      '',
      '../../../../../../dev/null',
      '/dev/null',
      `${header.kid}/../${header.kid}`,
      `${header.kid}\0`,
      ` ${header.kid}`,
      "x' UNION SELECT 'x';--",
      '1 OR 1=1',
      '| sleep 10',
      '$(sleep 10)',
      '__proto__',
      'constructor',
      'toString',
      null,
      0,
      1e308,
      true,
      [header.kid],
      [[header.kid]],
      { toString: header.kid },
      'k'.repeat(2000),
    ];
    await refused({
      ...Object.fromEntries(
        kids.flatMap((kid, i) => [
          [`${i}, signed right`, forge({ ...header, kid }, claims)],
          [`${i}, signed with nothing`, forge({ ...header, kid }, claims, Buffer.alloc(0))],
          [`${i}, signed with a NUL`, forge({ ...header, kid }, claims, Buffer.alloc(1))],
        ]),
      ),
      'no kid': forge({ alg: 'HS256', typ: 'JWT' }, claims),
    });
  });

  test('foreign headers: crit, b64, zip, cty, typ, enc, duplicate members, no object', async () => {
    const kid = header.kid;
    await refused({
      'crit unknown': forge({ ...header, crit: ['exp'], exp: 1 }, claims),
      'crit empty': forge({ ...header, crit: [] }, claims),
      'crit of a wrong type': forge({ ...header, crit: 'b64' }, claims),
      'crit and b64': forge({ ...header, crit: ['b64'], b64: true }, claims),
      'b64 false': forge({ ...header, b64: false, crit: ['b64'] }, claims),
      'b64 false without crit': forge({ ...header, b64: false }, claims),
      'b64 of a wrong type': forge({ ...header, b64: 'false' }, claims),
      zip: forge({ ...header, zip: 'DEF' }, claims),
      enc: forge({ ...header, alg: 'dir', enc: 'A256GCM' }, claims),
      cty: forge({ ...header, cty: 'JWT' }, claims),
      'typ at+jwt': forge({ ...header, typ: 'at+jwt' }, claims),
      'typ in lower case': forge({ ...header, typ: 'jwt' }, claims),
      'typ a list': forge({ ...header, typ: ['JWT'] }, claims),
      'no typ': forge({ alg: 'HS256', kid }, claims),
      'kid twice': forge(`{"alg":"HS256","typ":"JWT","kid":"other","kid":"${kid}"}`, claims),
      __proto__: forge(`{"alg":"HS256","typ":"JWT","kid":"${kid}","__proto__":{"a":1}}`, claims),
      'a list': forge([header], claims),
      'a text': forge('"HS256"', claims),
      null: forge('null', claims),
      'a number': forge('1', claims),
      'broken JSON': forge('{"alg":"HS256"', claims),
      'bytes that are no UTF-8': `${Buffer.from([0xff, 0xfe, 0x7b, 0x7d]).toString('base64url')}.${part(claims)}.AAAA`,
      'a list in a list, a thousand deep': forge(`${'['.repeat(1000)}${']'.repeat(1000)}`, claims),
    });
  });

  test('claims with a valid signature: invalid times, other parties, duplicate members, no object', async () => {
    const now = Math.floor(server.product.clock.now / 1000);
    const wrong = (change: Json) => forge(header, { ...claims, ...change });
    const without = (name: string) =>
      forge(header, Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name)));
    const exp = Number(claims.exp);
    const odd = [
      '',
      String(exp),
      `${exp}`,
      exp + 0.5,
      1e308,
      -1,
      0,
      null,
      true,
      [],
      [exp],
      {},
      'Infinity',
      'NaN',
    ];
    const body = JSON.stringify(claims);
    await refused({
      ...Object.fromEntries(
        ['exp', 'iat', 'auth_time', 'ver'].flatMap((name) =>
          odd
            .filter((value) => !(value === 0 && name !== 'exp'))
            .map((value, i) => [`${name} number ${i}`, wrong({ [name]: value })]),
        ),
      ),
      ...Object.fromEntries(Object.keys(claims).map((name) => [`no ${name}`, without(name)])),
      ...Object.fromEntries(
        ['iss', 'aud', 'sub', 'jti'].flatMap((name) =>
          [null, 0, [], [claims[name]], {}, '', 'other'].flatMap((value, i) =>
            name === 'jti' && typeof value === 'string'
              ? []
              : [[`${name} number ${i}`, wrong({ [name]: value })]],
          ),
        ),
      ),
      'exp 1e999': forge(header, body.replace(`"exp":${exp}`, '"exp":1e999')),
      'exp as a float': forge(header, body.replace(`"exp":${exp}`, `"exp":${exp}.0`)),
      'exp twice': forge(header, body.replace('"exp":', `"exp":${exp + 9e6},"exp":`)),
      'sub twice': forge(header, body.replace('"sub":', `"sub":"${stranger.id}","sub":`)),
      'aud twice': forge(header, body.replace('"aud":', `"aud":"${SECOND_APP_ID}","aud":`)),
      'exp in the past': wrong({ exp: now - 1 }),
      'exp now': wrong({ exp: now }),
      'iat in the future': wrong({ iat: now + 3600 }),
      'iat far in the future': wrong({ iat: 2 ** 53 - 1 }),
      'auth_time after iat': wrong({ auth_time: now + 30 }),
      'auth_time 31 days ago': wrong({ auth_time: now - 31 * 86_400 }),
      'nbf in the future': wrong({ nbf: now + 3600 }),
      'nbf, which we never write': wrong({ nbf: now }),
      'a claim that we never write': wrong({ role: 'ADMIN' }),
      'an app of ours that is not the user’s': wrong({ aud: SECOND_APP_ID }),
      'both apps': wrong({ aud: [APP_ID, SECOND_APP_ID] }),
      'the version before': wrong({ ver: -1 }),
      'the version after': wrong({ ver: 1 }),
      'a user who is not there': wrong({ sub: '00000000-0000-7000-8000-000000000000' }),
      'SQL as the user': wrong({ sub: "' OR 1=1 -- " }),
      'the user with a space': wrong({ sub: `${claims.sub} ` }),
      'the user in upper case': wrong({ sub: String(claims.sub).toUpperCase() }),
      __proto__: forge(header, body.replace('{', '{"__proto__":{"a":1},')),
      'white space in the claims': forge(header, body.replace('{', '{ ')),
      'a list': forge(header, [claims]),
      'a text': forge(header, '"x"'),
      null: forge(header, 'null'),
      'broken JSON': forge(header, '{"sub":'),
      'no claims': forge(header, ''),
      'a list in a list, a thousand deep': forge(header, `${'['.repeat(1000)}${']'.repeat(1000)}`),
    });
  });

  test('the message says whether the token is missing, malformed, expired, invalid or revoked', async () => {
    const now = Math.floor(server.product.clock.now / 1000);
    const padded = (length: number) =>
      `Bearer ${token}${'A'.repeat(length - 'Bearer '.length - token.length)}`;
    const reasons = {
      missing: [''],
      malformed: ['Bearer', 'Basic YTpi', padded(4097)],
      expired: [`Bearer ${forge(header, { ...claims, exp: now })}`],
      invalid: [`Bearer ${forge(header, claims, OLD_JWT_SECRET)}`, padded(4096)],
      revoked: [`Bearer ${forge(header, { ...claims, ver: 1 })}`],
    };
    for (const [reason, headers] of Object.entries(reasons))
      for (const authorization of headers)
        expect((await meWith(authorization)).errors?.[0]?.message.replace(/:.*/, '')).toMatch(reason);
  });

  test('a token is valid if the clock of the replica that issued it is one minute ahead, but not more', async () => {
    const now = Math.floor(server.product.clock.now / 1000);
    const issuedAt = (time: number) => forge(header, { ...claims, iat: time, auth_time: time });
    expect((await meWith(`Bearer ${issuedAt(now + 60)}`)).data?.me.id).toBe(claims.sub);
    await refused({ 'issued 61 seconds ahead': issuedAt(now + 61) });
  });

  test('a token has one spelling: white space, padding and spare bits are rejected', async () => {
    const parts = token.split('.');
    const inEach = (change: (part: string) => string, name: string) =>
      parts.map((_, i) => [
        `${name} in part ${i}`,
        parts.map((each, at) => (at === i ? change(each) : each)).join('.'),
      ]);
    const spare = (each: string) => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      return each.length % 4 === 0
        ? `${each}=`
        : each.slice(0, -1) + (alphabet[alphabet.indexOf(each.slice(-1)) + 1] ?? 'A');
    };
    const spellings = [
      ...inEach((each) => `${each.slice(0, 4)} ${each.slice(4)}`, 'a space'),
      ...inEach((each) => `${each.slice(0, 4)}\t${each.slice(4)}`, 'a tab'),
      ...inEach((each) => `${each}=`, 'padding'),
      ...inEach((each) => `${each}==`, 'more padding'),
      ...inEach((each) => `${each}A`, 'a letter more'),
      ...inEach((each) => `${each}%20`, 'a percent sign'),
      ...inEach(spare, 'a spare bit'),
    ];
    await refused(Object.fromEntries(spellings));
  });

  test('the Authorization header: other schemes, other spellings, two tokens, long ones', async () => {
    const wrong = [
      token,
      `Basic ${token}`,
      `JWT ${token}`,
      `Token ${token}`,
      `Bearer  ${token}`,
      `Bearer\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer "${token}"`,
      `Bearer token=${token}`,
      'Bearer',
      'Bearer null',
      'Bearer undefined',
      'Bearer [object Object]',
      'Bearer PASTE_THE_TOKEN_HERE',
      `Bearer ${token}é`,
      `Bearer ${token.slice(0, -1)}${'A'.repeat(4000)}`,
      `Bearer ${'A.'.repeat(5000)}`,
    ];
    for (const authorization of wrong) {
      const answer = await meWith(authorization);
      expect([answer.status, codeOf(answer)], authorization.slice(0, 20)).toEqual([200, 'UNAUTHENTICATED']);
    }
    for (const authorization of [`bearer ${token}`, `BEARER ${token}`])
      expect((await meWith(authorization)).data?.me.id).toBe(claims.sub);
  });

  test('a token in the URL, body, variables or a cookie is ignored', async () => {
    const headers = {
      cookie: `token=${token}; authorization=Bearer ${token}`,
      'x-authorization': `Bearer ${token}`,
    };
    const answer = await server.post('{ me { id } }', { headers, variables: { authorization: token } });
    expect(codeOf(answer)).toBe('UNAUTHENTICATED');
  });
});
