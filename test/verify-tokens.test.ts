import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JWT_PRIVATE_KEY } from './support/canaries.ts';
import { APP_ID, SECOND_APP_ID } from './support/product.ts';
import { run } from './support/project.ts';
import { type Server, startServer } from './support/server.ts';
import { snippetsOf, writeSnippets } from './support/snippets.ts';

const PAGES = ['docs/verify-tokens.md', 'docs/verify-tokens.zh-CN.md'];
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** The programs of the page; `rsa`: whether they verify RS256 too. */
const PROGRAMS = [
  { name: 'Node.js', needs: process.execPath, command: [process.execPath, 'verify.mjs'], rsa: true },
  { name: 'Python', needs: '/usr/bin/python3', command: ['/usr/bin/python3', 'verify.py'], rsa: true },
  { name: 'PHP', needs: '/usr/bin/php', command: ['/usr/bin/php', 'verify.php'], rsa: false },
  { name: 'Go', needs: '/usr/bin/go', command: ['./verify'], rsa: false },
];
/** Programs that verify the tokens in TOKENS, then print the number of invalid ones and the last user id. */
const DRIVERS = [
  {
    name: 'Node.js',
    needs: process.execPath,
    command: process.execPath,
    file: 'many.mjs',
    text: `import { verify } from './verify.mjs';
let invalid = 0;
let id;
for (const token of process.env.TOKENS.split(' ')) {
  try {
    id = await verify(token);
  } catch {
    invalid += 1;
  }
}
console.log(invalid, id);
`,
  },
  {
    name: 'Python',
    needs: '/usr/bin/python3',
    command: '/usr/bin/python3',
    file: 'many.py',
    text: `import os
import jwt
from verify import verify
invalid = 0
user = None
for token in os.environ["TOKENS"].split(" "):
    try:
        user = verify(token)
    except jwt.PyJWTError:
        invalid += 1
print(invalid, user)
`,
  },
];
const missing = PROGRAMS.filter(({ needs }) => !isInstalled(needs)).map(({ name }) => name);
if (missing.length > 0) {
  const message = `Not installed, so their tests are skipped: ${missing.join(', ')}. To run them: npm run test:install`;
  if (process.env.CI) throw new Error(message);
  process.stderr.write(`${message}\n`);
}

test('both pages have the same programs', () => {
  const [english, chinese] = PAGES.map((page) => snippetsOf(page).filter(({ name }) => name));
  expect(chinese).toEqual(english);
  expect(english?.map(({ name }) => name)).toEqual(['verify.mjs', 'verify.py', 'verify.php', 'verify.go']);
});

describe.each([
  ['EdDSA', JWT_PRIVATE_KEY],
  ['RS256', RSA],
])('a token signed with %s', (alg, pem) => {
  let server: Server;
  let folder: string;
  const tokens: Record<string, string> = {};
  let id = '';
  let fromClockAhead = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weapp-login-verify-'));
    writeSnippets(snippetsOf(PAGES[0] ?? ''), folder);
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(resolve('node_modules/jose'), join(folder, 'node_modules/jose'));
    if (isInstalled('/usr/bin/go')) {
      const env = { GOCACHE: join(tmpdir(), 'weapp-login-go'), GO111MODULE: 'off', HOME: folder };
      expect(
        await run('/usr/bin/go', ['build', '-o', 'verify', 'verify.go'], { cwd: folder, env }),
      ).toMatchObject({
        code: 0,
      });
    }
    server = await startServer('file::memory:', { JWT_PRIVATE_KEY: pem });
    const { product } = server;
    const login = async (appId: string) => (await product.login('dev:alice', { appId })).data?.login;
    const valid = await login(APP_ID);
    id = valid?.user.id ?? '';
    tokens.valid = valid?.token ?? '';
    tokens['of another mini program'] = (await login(SECOND_APP_ID))?.token ?? '';
    product.clock.now -= 7_200_000;
    tokens.expired = (await login(APP_ID))?.token ?? '';
    product.clock.now += 7_200_000;

    const [header = '', payload = '', signature = ''] = tokens.valid.split('.');
    const claims = decodeJwt(tokens.valid);
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: '0'.repeat(36) })).toString('base64url');
    tokens['with another payload'] = [header, changed, signature].join('.');
    tokens['without a signature'] = new UnsecuredJWT({ ...claims }).encode();
    tokens['with a fourth part'] = `${tokens.valid}.abc`;
    tokens['with an empty signature'] = `${header}.${payload}.`;
    tokens['that is no token'] = 'abc';
    const sign = (more: object, key: KeyObject, kid: string) =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, typ: 'JWT', kid }).sign(key);
    const { kid = '' } = decodeProtectedHeader(tokens.valid);
    const ours = createPrivateKey(pem);
    const theirs =
      alg === 'EdDSA'
        ? generateKeyPairSync('ed25519').privateKey
        : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    tokens['of another issuer'] = await sign({ iss: 'somebody' }, ours, kid);
    tokens['with an unknown kid'] = await sign({}, ours, 'unknown');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid })).toString('base64url');
    tokens['with alg none and our kid'] = `${none}.${payload}.`;
    fromClockAhead = await sign({ iat: Math.floor(Date.now() / 1000) + 300 }, ours, kid);
    tokens['signed with another key'] = await sign({}, theirs, kid);
  }, 120_000);
  afterAll(() => server.close());

  const verify = ([command = '', ...args]: readonly string[], token: string) =>
    run(command, [...args, token], {
      cwd: folder,
      env: { JWKS_URL: `${server.url}/.well-known/jwks.json`, APP_ID },
    });
  const programs = PROGRAMS.filter(({ needs, rsa }) => isInstalled(needs) && (rsa || alg === 'EdDSA'));

  test.each(programs)(
    'is verified in $name; eleven other tokens are rejected',
    { timeout: 60_000 },
    async ({ command }) => {
      const { valid = '', ...invalid } = tokens;
      expect(await verify(command, valid)).toEqual({ code: 0, output: `${id}\n` });
      expect(Object.keys(invalid)).toHaveLength(11);
      for (const [name, token] of Object.entries(invalid)) {
        const { code, output } = await verify(command, token);
        expect(code, name).not.toBe(0);
        expect(output.trim(), name).not.toBe(id);
      }
    },
  );

  test.each(programs)(
    'is verified in $name although it was issued by a clock that is ahead',
    { timeout: 60_000 },
    async ({ command }) => {
      expect(await verify(command, fromClockAhead)).toEqual({ code: 0, output: `${id}\n` });
    },
  );

  test.each(DRIVERS.filter(({ needs }) => isInstalled(needs)))(
    'with an unknown kid makes $name read the keys once, however many there are',
    { timeout: 60_000 },
    async ({ command, file, text }) => {
      const jwks = await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
      let reads = 0;
      const counting = createServer((_request, response) => {
        reads += 1;
        response.setHeader('content-type', 'application/json').end(jwks);
      });
      const { port } = await listeningOn(counting);
      writeFileSync(join(folder, file), text);
      const { valid, 'with an unknown kid': forged } = tokens;
      const ended = await run(command, [file], {
        cwd: folder,
        env: {
          JWKS_URL: `http://127.0.0.1:${port}`,
          APP_ID,
          TOKENS: [...Array.from({ length: 20 }, () => forged), valid].join(' '),
        },
      });
      counting.close();
      expect([ended.output, reads]).toEqual([`20 ${id}\n`, 1]);
    },
  );
});

/** Python counts only with the packages that the page names. */
function isInstalled(program: string): boolean {
  if (!existsSync(program)) return false;
  return !program.endsWith('python3') || spawnSync(program, ['-c', 'import jwt, cryptography']).status === 0;
}

function listeningOn(server: HttpServer): Promise<AddressInfo> {
  return new Promise((done, fail) => {
    server.once('error', fail).listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') fail(new Error('no port'));
      else done(address);
    });
  });
}
