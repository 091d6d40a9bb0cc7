import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, JWT_SECRET, OLD_JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { DATABASES, MYSQL, runAnySql } from './support/databases.ts';
import { post, type Running, run } from './support/process.ts';
import { serversOf } from './support/processes.ts';
import { APP_ID } from './support/product.ts';

const RELOADED = '"msg":"the secrets were read again"';
const UNCHANGED = '"msg":"the secrets are unchanged: the configuration has errors"';

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.', 1).join(), 'base64url').toString()).kid;
}

describe.each([
  ...DATABASES.map((database) => ({ ...database, workers: '1' })),
  ...(MYSQL ? [{ ...MYSQL, workers: '2' }] : []),
])('SIGHUP with WORKERS=$workers on $name', ({ create, workers }) => {
  let sandbox: Sandbox;
  let server: Running;
  let origin: string;
  let folder: string;
  let url: string;
  const secretFile = () => join(folder, 'session-key-secret');

  beforeAll(async () => {
    sandbox = await createSandbox({ apps: [{ appId: APP_ID, secret: APP_SECRET }] });
    folder = mkdtempSync(join(tmpdir(), 'weapp-login-reload-'));
    url = await create();
    writeSecrets({ JWT_SECRET: OLD_JWT_SECRET });
    writeFileSync(secretFile(), `${SESSION_KEY_SECRET}\n`);
    server = run(
      {
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        WORKERS: workers,
        DATABASE_URL: url,
        MIGRATE_ON_START: '1',
        SHUTDOWN_DELAY_MS: '0',
        WECHAT_API_URL: sandbox.url,
        WECHAT_APP_ID: APP_ID,
        SESSION_KEY_SECRET_FILE: secretFile(),
      },
      folder,
    );
    origin = await server.origin;
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.exited;
    await sandbox.close();
  });

  function writeSecrets(secrets: Record<string, string>) {
    const all = { WECHAT_APP_SECRET: APP_SECRET, ...secrets };
    writeFileSync(
      join(folder, '.env'),
      Object.entries(all)
        .map(([name, value]) => `${name}="${value}"\n`)
        .join(''),
    );
  }
  const count = (text: string) => server.printed().split(text).length - 1;
  /** Each process says that it did; the supervisor checks the configuration. */
  const reload = async (message = RELOADED) => {
    const before = count(message);
    server.child.kill('SIGHUP');
    await expect
      .poll(() => count(message), { timeout: 5000 })
      .toBe(before + (workers === '1' || message === UNCHANGED ? 1 : Number(workers) + 1));
  };
  const logIn = async (name: string): Promise<string> =>
    (await post(origin, `mutation { login(code: "dev:${name}") { token } }`)).data.login.token;
  /** Whatever process responds. */
  const accepts = async (token: string) => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(origin, '{ me { id } }', token)));
    return [...new Set(answers.map(({ data }) => data?.me !== null))];
  };

  test('a new JWT_SECRET signs, the old one still verifies; without it, its tokens are invalid', async () => {
    const old = await logIn('rotating');
    expect(await accepts(old)).toEqual([true]);
    writeSecrets({ JWT_SECRET: `${JWT_SECRET},${OLD_JWT_SECRET}` });
    await reload();
    const next = await logIn('rotating');
    expect(kidOf(next)).not.toBe(kidOf(old));
    expect([await accepts(old), await accepts(next)]).toEqual([[true], [true]]);
    writeSecrets({ JWT_SECRET });
    await reload();
    expect([await accepts(old), await accepts(next)]).toEqual([[false], [true]]);
  });

  test('with an error in the configuration the server keeps its secrets, and says which', async () => {
    const token = await logIn('keeping');
    writeSecrets({ JWT_SECRET: 'canary-too-short' });
    await reload(UNCHANGED);
    expect(server.printed()).toContain('JWT_SECRET is too short');
    expect(server.printed()).not.toContain('canary-too-short');
    expect(await accepts(token)).toEqual([true]);
    writeSecrets({ JWT_SECRET });
    await reload();
  });

  test('a new SESSION_KEY_SECRET in a file encrypts from the next login on', async () => {
    const stored = async () =>
      JSON.stringify(
        await runAnySql(url, 'SELECT session_key FROM user ORDER BY last_login_at DESC LIMIT 1'),
      );
    const keyId = (text: string) => /"([\w-]{8})\./.exec(text)?.[1];
    await logIn('encrypted');
    const before = keyId(await stored());
    writeFileSync(secretFile(), `${randomBytes(48).toString('base64')},${SESSION_KEY_SECRET}`);
    await reload();
    await logIn('encrypted');
    expect(before).toBeTypeOf('string');
    expect(keyId(await stored())).not.toBe(before);
  });

  test('a new AppSecret is used for the next call', async () => {
    writeSecrets({ JWT_SECRET, WECHAT_APP_SECRET: 'canarywrongsecret0000000000000000' });
    await reload();
    const wrong = await post(origin, 'mutation { login(code: "dev:secret") { token } }');
    expect(wrong.errors[0].extensions.code).toBe('WECHAT_MISCONFIGURED');
    writeSecrets({ JWT_SECRET });
    await reload();
    expect(await logIn('secret')).toBeTypeOf('string');
  });

  test('without its .env file the server keeps its secrets, and generates none', async () => {
    const token = await logIn('vanished');
    rmSync(join(folder, '.env'));
    await reload(UNCHANGED);
    expect(server.printed()).toContain('the file .env is missing');
    expect(existsSync(join(folder, '.data'))).toBe(false);
    expect(await accepts(token)).toEqual([true]);
    writeSecrets({ JWT_SECRET });
    writeFileSync(secretFile(), '');
    await reload(UNCHANGED);
    expect(server.printed()).toContain('SESSION_KEY_SECRET_FILE names an empty file');
    writeFileSync(secretFile(), SESSION_KEY_SECRET);
    await reload();
  });

  test.skipIf(workers === '1')(
    'a worker that starts later has the secrets and the settings of the others',
    async () => {
      writeSecrets({ JWT_SECRET: OLD_JWT_SECRET, PORT: '1', LOG_LEVEL: 'silent' });
      await reload();
      const [victim = 0] = serversOf(server.child.pid ?? 0);
      process.kill(victim, 'SIGKILL');
      await expect.poll(() => serversOf(server.child.pid ?? 0).length, { timeout: 15_000 }).toBe(2);
      // It is starting: the next change reaches it when it listens.
      writeSecrets({ JWT_SECRET: `${JWT_SECRET},${OLD_JWT_SECRET}` });
      server.child.kill('SIGHUP');
      await expect.poll(() => count(RELOADED), { timeout: 15_000 }).toBeGreaterThan(0);
      await sleep(4000);
      const kids = new Set<string>();
      for (let i = 0; i < 30; i++) kids.add(kidOf(await logIn(`late-${i}`)));
      expect(kids.size).toBe(1);
      expect((await accepts(await logIn('late'))).includes(false)).toBe(false);
      writeSecrets({ JWT_SECRET });
      server.child.kill('SIGHUP');
      await sleep(500);
    },
  );

  test('loses no request', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        if (i % 20 === 10) server.child.kill('SIGHUP');
        return logIn(`busy-${i % 7}`);
      }),
    );
    expect(answers.every((token) => token.length > 100)).toBe(true);
  });
});

test('a secret that is given twice, or in a file that cannot be read, is reported', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-reload-'));
  const twice = run({ JWT_SECRET, JWT_SECRET_FILE: '/nowhere' }, folder);
  expect(await twice.exited).toBe(1);
  expect(twice.printed()).toContain('JWT_SECRET and JWT_SECRET_FILE exclude one another');
  const missing = run({ JWT_SECRET_FILE: '/nowhere' }, folder);
  expect(await missing.exited).toBe(1);
  expect(missing.printed()).toContain('JWT_SECRET_FILE cannot be read');
});
