import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createSandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, canaryBytes, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { DATABASES, MYSQL } from './support/databases.ts';
import { freePort } from './support/mariadb.ts';
import { post, run } from './support/process.ts';
import { APP_ID } from './support/product.ts';

const LOGIN =
  'mutation { login(code: "dev:alice", userInfo: { nickName: "爱丽丝" }) { token isNewUser user { id } } }';
const ME = '{ me { id nickName } }';

describe.each([
  ['nothing configured', undefined],
  ['MariaDB', MYSQL],
] as const)('npm start with %s', (name, database) => {
  test.skipIf(name === 'MariaDB' && !database)(
    'logs in, reads me, and does both again after a restart, with the same token',
    async () => {
      const env = database ? { DATABASE_URL: await database.create() } : {};
      const first = run(env);
      const { token, isNewUser, user } = (await post(await first.origin, LOGIN)).data.login;
      const me = { data: { me: { id: user.id, nickName: '爱丽丝' } } };
      expect(isNewUser).toBe(true);
      expect(await post(await first.origin, ME, token)).toEqual(me);
      first.child.kill('SIGTERM');
      expect(await first.exited).toBe(0);
      expect(first.printed()).toMatch(
        /^\n {2}weapp-login is ready\. Open GraphiQL: http:\/\/localhost:\d+\/graphql\n {2}WeChat sandbox: http:\/\/127\.0\.0\.1:\d+\n\n$/,
      );

      const second = run(env, first.folder);
      expect(await post(await second.origin, ME, token)).toEqual(me);
      expect((await post(await second.origin, LOGIN)).data.login).toMatchObject({ isNewUser: false, user });
      second.child.kill('SIGTERM');
      expect(await second.exited).toBe(0);
      expect(statSync(join(first.folder, '.data')).mode & 0o077).toBe(0);
      expect(statSync(join(first.folder, '.data/secrets.json')).mode & 0o077).toBe(0);
    },
  );
});

test('four processes that start at once in one folder share the generated secrets', async () => {
  const first = run({});
  const others = Array.from({ length: 3 }, () => run({}, first.folder));
  const all = [first, ...others];
  const { token } = (await post(await first.origin, LOGIN)).data.login;
  for (const each of all) expect((await post(await each.origin, ME, token)).errors).toBeUndefined();
  for (const each of all) each.child.kill('SIGTERM');
  expect(await Promise.all(all.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
});

test('a .env file is read, and the environment overrides it', async () => {
  const first = run({ LOG_LEVEL: 'nonsense' });
  expect(await first.exited).toBe(1);
  writeFileSync(join(first.folder, '.env'), 'TOKEN_TTL=61\nLOG_LEVEL=nonsense\n');
  const second = run({ LOG_LEVEL: 'error' }, first.folder);
  const { data } = await post(await second.origin, 'mutation { login(code: "dev:env") { expiresAt } }');
  expect(Date.parse(data.login.expiresAt) - Date.now()).toBeLessThan(62_000);
  second.child.kill('SIGTERM');
  await second.exited;
});

describe('a process that cannot start prints the reason, with exit code 1', () => {
  test('an invalid configuration: all errors at once', async () => {
    const { exited, printed } = run({ NODE_ENV: 'production', PORT: 'x' });
    expect(await exited).toBe(1);
    expect(printed()).toMatch(/^The configuration has 5 errors:\n( {2}[A-Z_]+ .+\n){5}$/);
  });

  test('damaged secrets: they are not replaced, which would end every session', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
    mkdirSync(join(folder, '.data'));
    writeFileSync(join(folder, '.data/secrets.json'), '{"JWT_SECRET": "cut o');
    const { exited, printed } = run({}, folder);
    expect(await exited).toBe(1);
    expect(printed()).toMatch(
      /\.data\/secrets\.json cannot be read or is damaged: repair it, or delete it, which ends all sessions/,
    );
  });

  test('a port in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { exited, printed } = run({ PORT: String(port) });
    expect(await exited).toBe(1);
    expect(printed()).toBe('PORT is used by another program: stop it, or set PORT to a free port.\n');
    blocker.close();
  });

  test('an address of another machine', async () => {
    const { exited, printed } = run({ HOST: '203.0.113.7' });
    expect(await exited).toBe(1);
    expect(printed()).toMatch(/^HOST is not an address of this machine \(EADDRNOTAVAIL\): set 127\.0\.0\.1/);
  });

  test('a sandbox port in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { exited, printed } = run({ SANDBOX_PORT: String(port) }, undefined, 'sandbox');
    expect(await exited).toBe(1);
    expect(printed()).toMatch(/^SANDBOX_PORT is used by another program/);
    blocker.close();
  });

  test('a file that is not a database, which keeps its mode and content', async () => {
    const notes = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'notes.txt');
    writeFileSync(notes, 'somebody needs these notes, and others read them\n'.repeat(30), { mode: 0o644 });
    const before = [statSync(notes).mode, readFileSync(notes, 'utf8')];
    const wrong = run({ DATABASE_URL: `file:${notes}` });
    expect(await wrong.exited).toBe(1);
    expect(wrong.printed()).toMatch(/^DATABASE_URL: the file is not a database \(SQLITE_NOTADB\)/);
    expect([statSync(notes).mode, readFileSync(notes, 'utf8')]).toEqual(before);
  });

  test.each([
    ['a folder', ''],
    ['a file in a file', '/folder/file/x.db'],
  ])('a database path that cannot be a file: %s', async (_, path) => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'folder/file'), '');
    const { exited, printed } = run({ DATABASE_URL: `file:${folder}${path}` });
    expect(await exited).toBe(1);
    expect(printed()).toMatch(
      /^DATABASE_URL: the file or its folder cannot be used by this account \(E\w+\)/,
    );
  });

  test.skipIf(!MYSQL)('a server without the required TLS', async () => {
    const { exited, printed } = run({ DATABASE_URL: `${await MYSQL?.create()}?ssl=1` });
    expect(await exited).toBe(1);
    expect(printed()).toMatch(/^DATABASE_URL: the TLS connection failed \(\w+\): ssl=1 needs/);
  });

  test('an unreachable database', async () => {
    const { exited, printed } = run({ DATABASE_URL: `mysql://u:p@127.0.0.1:${await freePort()}/x` });
    expect(await exited).toBe(1);
    expect(printed()).toBe(
      'DATABASE_URL: the database cannot be reached (ECONNREFUSED): is it running, and are host and port correct?\n',
    );
  });

  test.skipIf(!MYSQL)('a wrong password, a missing database, missing tables', async () => {
    const url = (await MYSQL?.create()) ?? '';
    const wrong = run({ DATABASE_URL: url.replace(/:[^:@]+@/, ':wrong@') });
    expect(await wrong.exited).toBe(1);
    expect(wrong.printed()).toBe(
      'DATABASE_URL: the server rejected this user and password (ER_ACCESS_DENIED_ERROR).\n',
    );
    const missing = run({ DATABASE_URL: `${url}_not_there` });
    expect(await missing.exited).toBe(1);
    expect(missing.printed()).toMatch(
      /^DATABASE_URL: the database does not exist \(\w+\): CREATE DATABASE it\.\n$/,
    );
    const unmigrated = run({ DATABASE_URL: url, MIGRATE_ON_START: '0' });
    expect(await unmigrated.exited).toBe(1);
    expect(unmigrated.printed()).toMatch(/^The tables are missing.*npm run migrate/);
  });
});

test('production: npm run migrate, then start; the sandbox never starts', async () => {
  const [database = DATABASES[0]] = MYSQL ? [MYSQL] : [];
  const sandbox = await createSandbox({ apps: [{ appId: APP_ID, secret: APP_SECRET }], random: canaryBytes });
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DATABASE_URL: (await database?.create()) ?? '',
    ...{
      JWT_SECRET,
      SESSION_KEY_SECRET,
      WECHAT_APP_ID: APP_ID,
      WECHAT_APP_SECRET: APP_SECRET,
      WECHAT_API_URL: sandbox.url,
    },
  };
  const migrate = run(env, undefined, 'migrate');
  expect(await migrate.exited).toBe(0);
  expect(migrate.printed()).toMatch(/^The tables in .+ are up to date\.\n$/);
  const server = run(env);
  expect((await post(await server.origin, LOGIN)).data.login.isNewUser).toBe(true);
  server.child.kill('SIGTERM');
  expect(await server.exited).toBe(0);
  const alone = run(env, undefined, 'sandbox');
  expect(await alone.exited).toBe(1);
  expect(alone.printed()).toMatch(/sandbox never runs in production/);
  await sandbox.close();
});

test('SIGTERM: a running login is completed before the process ends', async () => {
  let release: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const wechat = createServer((_, response) => {
    release();
    const body = { openid: 'oSlowSlowSlowSlowSlow', session_key: 'Q0FOQVJZc2tzbG93AAAAAA==' };
    setTimeout(() => response.end(JSON.stringify(body)), 500);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => wechat.once('listening', resolve));
  const address = wechat.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const server = run({
    WECHAT_APP_ID: APP_ID,
    WECHAT_APP_SECRET: APP_SECRET,
    WECHAT_API_URL: `http://127.0.0.1:${port}`,
  });
  const login = post(await server.origin, LOGIN);
  await asked;
  server.child.kill('SIGTERM');
  expect((await login).data.login.isNewUser).toBe(true);
  expect(await server.exited).toBe(0);
  wechat.close();
});

test('another server uses the sandbox by the environment that npm run sandbox prints', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const sandbox = run({ SANDBOX_PORT: new URL(url).port }, undefined, 'sandbox');
  for (let i = 0; i < 100 && !sandbox.printed().includes('/sandbox/codes'); i += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const printed = [...sandbox.printed().matchAll(/^(WECHAT_\w+)=(.+)$/gm)].map(
    ([, name = '', value = '']) => [name, value],
  );
  expect(printed.map(([name]) => name)).toEqual(['WECHAT_API_URL', 'WECHAT_APP_ID', 'WECHAT_APP_SECRET']);
  const command = /curl -d '(.+)' (\S+)/.exec(sandbox.printed());
  for (const env of [Object.fromEntries(printed), { WECHAT_API_URL: url }]) {
    const minted = await fetch(command?.[2] ?? '', { method: 'POST', body: command?.[1] ?? '' });
    const { code } = await minted.json();
    const server = run(env);
    const login = `mutation { login(code: "${code}") { isNewUser } }`;
    expect(await post(await server.origin, login)).toEqual({ data: { login: { isNewUser: true } } });
    expect(server.printed()).not.toContain('WeChat sandbox:');
    server.child.kill('SIGTERM');
    await server.exited;
  }
  sandbox.child.kill('SIGTERM');
  await sandbox.exited;
});

test('npm run sandbox never prints a configured AppSecret', async () => {
  const env = { SANDBOX_PORT: '0', WECHAT_APP_ID: APP_ID, WECHAT_APP_SECRET: APP_SECRET };
  const sandbox = run(env, undefined, 'sandbox');
  for (let i = 0; i < 100 && !sandbox.printed().includes('/sandbox/codes'); i += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sandbox.printed()).toContain(`WECHAT_APP_ID=${APP_ID}`);
  expect(sandbox.printed()).not.toContain(APP_SECRET);
  sandbox.child.kill('SIGTERM');
  await sandbox.exited;
});

test('npm run sandbox starts it alone, and its codes work', async () => {
  const port = await freePort();
  const sandbox = run({ SANDBOX_PORT: String(port) }, undefined, 'sandbox');
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 100 && !sandbox.printed().includes(url); i += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const minted = await fetch(`${url}/sandbox/codes`, { method: 'POST', body: '{"user": "alice"}' });
  const { code } = await minted.json();
  const session = await fetch(
    `${url}/sns/jscode2session?appid=wxsandbox0000000&secret=sandbox-secret-known-to-everyone&grant_type=authorization_code&js_code=${code}`,
  );
  expect([session.status, session.headers.get('content-type')]).toEqual([200, 'text/plain']);
  const text = await session.text();
  expect(Object.keys(JSON.parse(text)).sort()).toEqual(['openid', 'session_key']);
  sandbox.child.kill('SIGTERM');
  await sandbox.exited;
});
