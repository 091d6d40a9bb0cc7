import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { createKeyring } from '../src/auth/keys.ts';
import { createTokens } from '../src/auth/tokens.ts';
import { createSessionReader } from '../src/auth/verified-tokens.ts';
import { readConfig } from '../src/config/config.ts';
import { JWT_PRIVATE_KEY, JWT_SECRET, OLD_JWT_SECRET } from './support/canaries.ts';
import { DATABASES } from './support/databases.ts';
import { APP_ID, codeOf, environment } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

function rsa(modulusLength: number) {
  return generateKeyPairSync('rsa', { modulusLength })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}
async function me(server: Server, token: string) {
  const answer = await server.post<{ me: { id: string } }>('{ me { id } }', { token });
  return codeOf(answer) ?? answer.data?.me.id;
}
async function fetchJwks(server: Server): Promise<{ keys: Record<string, string>[] }> {
  return (await fetch(`${server.url}/.well-known/jwks.json`)).json();
}

describe.each(DATABASES)('keys of tokens on $name', (database) => {
  /** One product after another on one database, as restarts with another environment are. */
  const inTurn = async <T>(
    environments: Record<string, string>[],
    use: (...servers: Server[]) => Promise<T>,
  ) => {
    const url = await database.create();
    const servers: Server[] = [];
    for (const more of environments) servers.push(await startServer(url, more));
    try {
      return await use(...servers);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  };

  test('the first secret signs; tokens of an old one stay valid until it is removed', () =>
    inTurn(
      [
        { JWT_SECRET: OLD_JWT_SECRET },
        { JWT_SECRET: `${JWT_SECRET},${OLD_JWT_SECRET}` },
        { JWT_SECRET: JWT_SECRET },
      ],
      async (before, between, after) => {
        if (!before || !between || !after) throw new Error('not started');
        const old = await before.logIn('rotated');
        const fresh = await between.logIn('rotated');
        expect(decodeProtectedHeader(fresh.token).kid).not.toBe(decodeProtectedHeader(old.token).kid);
        expect([await me(between, old.token), await me(between, fresh.token)]).toEqual([old.id, old.id]);
        expect([await me(after, old.token), await me(after, fresh.token)]).toEqual([
          'UNAUTHENTICATED',
          old.id,
        ]);
        expect(await me(before, fresh.token)).toBe('UNAUTHENTICATED');
      },
    ));

  test.each([
    ['Ed25519', JWT_PRIVATE_KEY, 'EdDSA'],
    ['Ed25519 in one line', JWT_PRIVATE_KEY.replaceAll('\n', '\\n'), 'EdDSA'],
    ['RSA', rsa(2048), 'RS256'],
  ])('%s: other services verify our tokens by /.well-known/jwks.json', (_name, key, alg) =>
    inTurn([{}, { JWT_PRIVATE_KEY: key }], async (before, server) => {
      if (!before || !server) throw new Error('not started');
      const { token, id } = await server.logIn('verified-elsewhere');
      expect(decodeProtectedHeader(token)).toMatchObject({ alg, typ: 'JWT' });
      const keys = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`));
      const { payload } = await jwtVerify(token, keys, { issuer: 'weapp-login', audience: APP_ID });
      expect(payload.sub).toBe(id);
      expect(await me(server, token)).toBe(id);

      const earlier = await before.logIn('verified-elsewhere');
      expect(await me(server, earlier.token)).toBe(id);
      await expect(jwtVerify(earlier.token, keys)).rejects.toMatchObject({
        code: 'ERR_JOSE_NOT_SUPPORTED',
      });
      expect(await me(before, token)).toBe('UNAUTHENTICATED');
    }),
  );

  test('a token signed with the public key as HS256 secret is invalid', () =>
    inTurn([{ JWT_PRIVATE_KEY: rsa(2048) }], async (server) => {
      if (!server) throw new Error('not started');
      const { token } = await server.logIn('confused');
      const [jwk = {}] = (await fetchJwks(server)).keys;
      const key = await import('node:crypto').then(({ createPublicKey }) =>
        createPublicKey({ key: jwk, format: 'jwk' }),
      );
      const secrets = [
        key.export({ type: 'spki', format: 'pem' }),
        key.export({ type: 'spki', format: 'der' }),
        key.export({ type: 'pkcs1', format: 'pem' }),
        key.export({ type: 'pkcs1', format: 'der' }),
        JSON.stringify(jwk),
        Buffer.from(jwk.n ?? '', 'base64url'),
        '',
      ];
      for (const header of [
        { alg: 'HS256', typ: 'JWT', kid: jwk.kid },
        { alg: 'RS256', typ: 'JWT', kid: jwk.kid },
      ])
        for (const secret of secrets) {
          const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${token.split('.')[1]}`;
          const signature = createHmac('sha256', secret).update(text).digest('base64url');
          expect(await me(server, `${text}.${signature}`)).toBe('UNAUTHENTICATED');
        }
    }));

  test('private keys rotate like secrets, and JWKS has public members only', () => {
    const [first, second] = [rsa(2048), JWT_PRIVATE_KEY];
    return inTurn(
      [{ JWT_PRIVATE_KEY: first }, { JWT_PRIVATE_KEY: second + first }],
      async (before, after) => {
        if (!before || !after) throw new Error('not started');
        const old = await before.logIn('rotated');
        expect(await me(after, old.token)).toBe(old.id);
        const { keys } = await fetchJwks(after);
        expect(keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'RS256']);
        for (const key of keys)
          expect(Object.keys(key).filter((name) => !/^(kty|crv|x|n|e|kid|alg|use)$/.test(name))).toEqual([]);
      },
    );
  });

  test('without a private key there is no JWKS', () =>
    inTurn([{}], async (server) => {
      if (!server) throw new Error('not started');
      const response = await fetch(`${server.url}/.well-known/jwks.json`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/json; charset=utf-8',
      ]);
    }));
});

test.each([
  ['too short', rsa(1024), /fewer than 2048 bits/],
  [
    'an elliptic curve of another kind',
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    /neither Ed25519 nor RSA/,
  ],
  ['damaged', JWT_PRIVATE_KEY.replace('MC4C', 'AAAA'), /damaged/],
  ['no PEM', 'hello', /contains no PEM/],
])(
  'a private key that is %s is told at start, with the remedy and without the key',
  (_name, key, message) => {
    const start = () => readConfig(environment({ JWT_PRIVATE_KEY: key }));
    expect(start).toThrow(message);
    expect(start).toThrow(/openssl genpkey -algorithm ed25519/);
    expect(start).not.toThrow(new RegExp(key.slice(40, 60).replaceAll('+', '\\+') || 'hello'));
  },
);

test('a token is verified once until it expires, an invalid one each time', async () => {
  const clock = { now: Date.now() };
  const keys = await createKeyring({ secrets: [JWT_SECRET], privateKeys: [] });
  const tokens = createTokens({ keys, ttl: 60, maxAge: 90, audience: [APP_ID], now: () => clock.now });
  let verified = 0;
  const verify = (token: string) => {
    verified += 1;
    return tokens.verify(token);
  };
  const readSession = createSessionReader({ verify }, () => clock.now);
  const subject = { id: randomUUID(), appId: APP_ID, tokenVersion: 3 };
  const loggedInAt = new Date(Math.floor(clock.now / 1000) * 1000);
  const { token, expiresAt } = await tokens.issue(subject, loggedInAt);
  const session = await readSession(`Bearer ${token}`);
  expect(session).toEqual({ ...subject, authTime: loggedInAt, validUntil: expiresAt.getTime() });
  clock.now = expiresAt.getTime() - 1;
  expect(readSession(`Bearer ${token}`)).toBe(session);
  expect(verified).toBe(1);
  clock.now += 1;
  for (const [invalid, fault] of [
    [token, 'EXPIRED'],
    [`${token}x`, 'INVALID'],
  ] as const) {
    verified = 0;
    for (let i = 0; i < 2; i++) expect(await readSession(`Bearer ${invalid}`)).toBe(fault);
    expect(verified).toBe(2);
  }
});

test('there is no keyring without a key', async () => {
  await expect(createKeyring({ secrets: [], privateKeys: [] })).rejects.toThrow('at least one key');
});

test('JWT_SECRET is optional only with a private key', () => {
  const { JWT_SECRET: _, ...rest } = environment();
  expect(readConfig({ ...rest, JWT_PRIVATE_KEY }).auth.secrets).toEqual([]);
  expect(() => readConfig(rest)).toThrow(/JWT_SECRET is missing/);
});
