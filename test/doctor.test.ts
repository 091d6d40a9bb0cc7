import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding, Report } from '../src/doctor/findings.ts';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { errcodeMeaning } from '../src/wechat/errcodes.ts';
import {
  APP_SECRET,
  canariesIn,
  canaryBytes,
  DATABASE_PASSWORD,
  JWT_SECRET,
  SESSION_KEY_SECRET,
} from './support/canaries.ts';
import { DATABASES, MYSQL, runAnySql, runSql } from './support/databases.ts';
import { freePort, hasMariaDb, startMariaDb } from './support/mariadb.ts';
import { codeBlocks } from './support/pages.ts';
import { run } from './support/process.ts';
import { APP_ID, SECOND_APP_ID } from './support/product.ts';
import { run as runCommand } from './support/project.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis.ts';

const APPS = [APP_ID, SECOND_APP_ID].map((appId) => ({ appId, secret: APP_SECRET }));

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ apps: APPS, random: canaryBytes });
});
afterAll(() => sandbox.close());

/** A production environment without a fault. */
function production(more: Record<string, string> = {}): Record<string, string> {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DATABASE_URL: `file:${join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'test.db')}`,
    MIGRATE_ON_START: '1',
    JWT_SECRET,
    SESSION_KEY_SECRET,
    WECHAT_APP_ID: APP_ID,
    WECHAT_APP_SECRET: APP_SECRET,
    WECHAT_API_URL: sandbox.url,
    TRUST_PROXY: '1',
    ...more,
  };
}

type Outcome = { code: number | null; text: string; seconds: number };

/** Runs the command. Whatever it finds, it prints no secret. */
async function doctor(
  env: Record<string, string>,
  { args = [], folder }: { args?: string[]; folder?: string } = {},
): Promise<Outcome> {
  const startedAt = performance.now();
  const { exited, printed } = run(env, folder, 'doctor', { args });
  const code = await exited;
  expect(canariesIn(printed())).toEqual([]);
  return { code, text: printed(), seconds: (performance.now() - startedAt) / 1000 };
}

/** The lines of a check, each with its remedy. */
function linesOf({ text }: Outcome, check: string): string[] {
  const pattern = new RegExp(`^(?:ok|skipped|WARNING|FAILED) +${check}[ :].*(?:\\n +→ .*)?`, 'gm');
  return text.match(pattern) ?? [];
}

async function migrated(url: string): Promise<string> {
  const { exited, printed } = run(production({ DATABASE_URL: url }), undefined, 'migrate');
  expect(await exited, printed()).toBe(0);
  return url;
}

function control(name: string, body: Record<string, unknown>, of = sandbox) {
  return fetch(`${of.url}/sandbox/${name}`, { method: 'POST', body: JSON.stringify(body) });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return portOf(server);
}

describe.each(DATABASES)('in production on $name', (database) => {
  test('every line is ok and the exit code is 0 when there is no fault', async () => {
    const url = await migrated(await database.create());
    const outcome = await doctor(production({ DATABASE_URL: url, MIGRATE_ON_START: '0' }));
    expect(outcome.text).toMatch(/^(ok {7}[a-z-]+( wx\w+)?: .+\n)+\n0 failed, 0 warnings\n$/);
    expect(outcome.code).toBe(0);
    for (const check of ['node', 'configuration', 'secrets', 'database', 'database-migrations'])
      expect(linesOf(outcome, check), check).toHaveLength(1);
    for (const check of ['wechat', 'wechat-clock', 'trust-proxy', 'port'])
      expect(linesOf(outcome, check), check).toHaveLength(1);
  });

  test('missing and pending migrations fail, and are applied by the next start if it may', async () => {
    const url = await database.create();
    const empty = await doctor(production({ DATABASE_URL: url, MIGRATE_ON_START: '0' }));
    expect([empty.code, empty.text]).toEqual([
      1,
      expect.stringMatching(/pending.*\n +→ run `npm run migrate`/),
    ]);
    const willMigrate = await doctor(production({ DATABASE_URL: url }));
    expect([willMigrate.code, willMigrate.text]).toEqual([0, expect.stringMatching(/next start/)]);
    await migrated(url);
    await runAnySql(url, 'DELETE FROM weapp_login_migrations WHERE created_at > 1795583386000');
    const outdated = await doctor(production({ DATABASE_URL: url, MIGRATE_ON_START: '0' }));
    expect(outdated.code).toBe(1);
    expect(linesOf(outdated, 'database-migrations')).toEqual([
      expect.stringMatching(/^FAILED .* 1 of \d are pending: 000\d_user_tombstone\n.*npm run migrate/),
    ]);
  });

  test('a migration that the migrator skips, a lost column and a newer database are found', async () => {
    const url = await migrated(await database.create());
    const env = production({ DATABASE_URL: url });
    await runAnySql(url, 'INSERT INTO weapp_login_migrations (hash, created_at) VALUES (1, 99999999999999)');
    const newer = await doctor(env);
    expect(linesOf(newer, 'database-migrations')).toEqual([
      expect.stringMatching(/^WARNING .* 1 migrations of a newer version\n +→ upgrade/),
    ]);
    expect(newer.code).toBe(0);
    await runAnySql(url, 'ALTER TABLE user DROP COLUMN language');
    expect(linesOf(await doctor(env), 'database-migrations')).toEqual([
      expect.stringMatching(/^FAILED .* missing: user\.language\n +→ restore a backup/),
    ]);
    await runAnySql(url, 'DELETE FROM weapp_login_migrations WHERE created_at < 1795500000000');
    expect(linesOf(await doctor(env), 'database-migrations')).toEqual([
      expect.stringMatching(/^FAILED .* older than the last applied migration: 0000_user/),
    ]);
  });

  test('tables of another program fail', async () => {
    const url = await database.create();
    await runAnySql(url, 'CREATE TABLE user (id int, name varchar(20))');
    const outcome = await doctor(production({ DATABASE_URL: url }));
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'database-migrations')).toEqual([
      expect.stringMatching(/^FAILED .*\n +→ DATABASE_URL: .* of another program.* use a separate database/),
    ]);
  });
});

test('--json prints one document, with the findings of the text', async () => {
  const env = production({ WECHAT_APP_SECRET: `${APP_SECRET}x`, TRUST_PROXY: '0' });
  const [text, json] = [await doctor(env), await doctor(env, { args: ['--json'] })];
  expect([text.code, json.code]).toEqual([1, 1]);
  const report: Report = JSON.parse(json.text);
  expect(report.status).toBe('failed');
  const withoutNumbers = (line: string) => line.replaceAll(/rid [\w-]+|\d+ MB|\w+\.db/g, '');
  expect(report.findings.map(formatted).map(withoutNumbers)).toEqual(
    text.text.split('\n\n')[0]?.replaceAll(/\n +→/g, ' →').split('\n').map(withoutNumbers),
  );
});

function formatted({ check, subject, status, message, remedy }: Finding): string {
  const label = { ok: 'ok', skipped: 'skipped', warning: 'WARNING', failed: 'FAILED' }[status].padEnd(9);
  return `${label}${check}${subject ? ` ${subject}` : ''}: ${message}${remedy ? ` → ${remedy}` : ''}`;
}

test('without any setting, in development: nothing fails, and nothing is created', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
  const outcome = await doctor({}, { folder });
  expect(outcome.code).toBe(0);
  expect(outcome.text).toMatch(/first start generates the missing secrets/);
  expect(outcome.text).toMatch(/^skipped +wechat: the built-in sandbox replaces WeChat$/m);
  expect(readdirSync(folder)).toEqual([]);
});

describe('the configuration', () => {
  test('each fault is a failed line, and what needs a valid configuration is skipped', async () => {
    const outcome = await doctor(
      production({ JWT_SECRET: 'short', WECHAT_APP_ID: 'wrong', DATABASE_URL: '' }),
    );
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'configuration').map((line) => line.slice(0, 60))).toEqual([
      expect.stringMatching(/^FAILED +configuration: DATABASE_URL is missing: set/),
      expect.stringMatching(/^FAILED +configuration: JWT_SECRET is too short: it/),
      expect.stringMatching(/^FAILED +configuration: WECHAT_APP_ID is not an AppID/),
    ]);
    for (const check of ['secrets', 'database', 'wechat', 'trust-proxy', 'port'])
      expect(linesOf(outcome, check)).toEqual([
        expect.stringMatching(/^skipped .*needs a valid configuration/),
      ]);
  });

  test('a misspelt variable, and development mode that is open to other machines, are warnings', async () => {
    const outcome = await doctor(
      production({ WECHAT_APPID: 'wx1', NODE_ENV: 'development', HOST: '0.0.0.0' }),
    );
    expect(outcome.code).toBe(0);
    expect(linesOf(outcome, 'configuration').slice(1)).toEqual([
      expect.stringMatching(/^WARNING .*other machines.*\n +→ set NODE_ENV=production/),
      expect.stringMatching(/^WARNING .*WECHAT_APPID is not a variable/),
    ]);
  });

  test('damaged development secrets fail', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
    mkdirSync(join(folder, '.data'));
    writeFileSync(join(folder, '.data/secrets.json'), '{');
    const outcome = await doctor({}, { folder });
    expect([outcome.code, outcome.text]).toEqual([1, expect.stringMatching(/secrets\.json cannot be read/)]);
  });
});

describe('WeChat', () => {
  test.each([
    ['an unknown AppID', { WECHAT_APP_ID: 'wxunknown0000001' }, 40013],
    ['a wrong AppSecret', { WECHAT_APP_SECRET: 'wrongsecret00000000000000000000x' }, 40125],
  ])('%s fails, with what to do', async (_, more, errcode) => {
    const outcome = await doctor(production(more));
    expect(outcome.code).toBe(1);
    const { remedy } = errcodeMeaning('stable_token', errcode);
    const [line = ''] = linesOf(outcome, 'wechat');
    expect(line).toMatch(new RegExp(`^FAILED +wechat wx\\w+: errcode ${errcode}, rid [\\da-f-]{26}\\n +→ `));
    expect(line).toContain(remedy);
  });

  test('an address that is not on the whitelist fails, with the address to add', async () => {
    await control('apps', { whitelisted: false });
    const outcome = await doctor(production({ WECHAT_APPS: `${SECOND_APP_ID}:${APP_SECRET}` }));
    await control('apps', { whitelisted: true });
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'wechat')).toEqual([
      expect.stringMatching(
        new RegExp(
          `^FAILED +wechat ${APP_ID}: errcode 40164, WeChat sees the IP address 127\\.0\\.0\\.1, rid`,
        ),
      ),
      expect.stringMatching(new RegExp(`^ok +wechat ${SECOND_APP_ID}: WeChat accepts the AppID`)),
    ]);
    expect(outcome.text).toMatch(/→ add this server's IP address to the whitelist \(IP白名单\)/);
  });

  test.each([
    ['40001', 'FAILED', /WECHAT_APP_SECRET is wrong or was reset/],
    ['40243', 'FAILED', /the AppSecret is frozen/],
    ['89503', 'FAILED', /has not confirmed this server's IP address/],
    ['45009', 'FAILED', /the daily quota is exhausted/],
    ['50007', 'FAILED', /account is frozen/],
    ['99999', 'FAILED', /look up the errcode/],
    ['text-40013', 'FAILED', /unknown to WeChat/],
    ['-1', 'WARNING', /run this again in a minute/],
    ['45011', 'WARNING', /run this again in a minute/],
    ['http-502', 'FAILED', /HTTP status 502.*\n.*between this server and WeChat/],
    ['redirect', 'FAILED', /HTTP status 302/],
    ['html', 'FAILED', /not that of WeChat/],
    ['hollow', 'FAILED', /no access_token/],
    ['reset', 'FAILED', /the connection was closed \(/],
    ['stall', 'FAILED', /timed out\n.*allow outgoing connections/],
  ])('the response %s: %s', async (fault, status, expected) => {
    await control('faults', { path: '/cgi-bin/stable_token', fault });
    const outcome = await doctor(production({ WECHAT_TIMEOUT_MS: '500' }));
    const [line = '', ...others] = linesOf(outcome, 'wechat');
    expect(others).toEqual([]);
    expect([line.split(' ')[0], outcome.code]).toEqual([status, status === 'FAILED' ? 1 : 0]);
    expect(line).toMatch(expected);
  });

  test.each([
    [
      'a host without an address',
      'https://weapp-login.invalid',
      /its name cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/,
    ],
    ['a closed port', 'http://127.0.0.1:9', /the connection was refused \(ECONNREFUSED\)/],
    ['a server without TLS', 'TLS', /it does not speak TLS \(/],
  ])('no connection: %s', async (_, url, expected) => {
    const apiUrl = url === 'TLS' ? sandbox.url.replace('http:', 'https:') : url;
    const env = { WECHAT_API_URL: apiUrl, WECHAT_APPS: `${SECOND_APP_ID}:${APP_SECRET}` };
    const outcome = await doctor(production(env));
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'wechat')).toEqual([expect.stringMatching(expected)]);
  });

  test('an AppSecret that would be sent to another machine without encryption is a warning', async () => {
    const outcome = await doctor(production({ WECHAT_API_URL: 'http://wechat.invalid' }));
    expect(linesOf(outcome, 'wechat-url')).toEqual([expect.stringMatching(/^WARNING .*without encryption/)]);
  });

  test('the access_token stays valid: no refresh is forced, and no code is used', async () => {
    const token = async () => {
      const body = { grant_type: 'client_credential', appid: APP_ID, secret: APP_SECRET };
      const response = await fetch(`${sandbox.url}/cgi-bin/stable_token`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return (await response.json()).access_token;
    };
    const before = await token();
    const since = sandbox.calls().length;
    expect((await doctor(production())).code).toBe(0);
    expect(sandbox.calls().slice(since)).toEqual([{ path: '/cgi-bin/stable_token' }]);
    expect(await token()).toBe(before);
  });

  test.each([
    [-20, 'WARNING', 0, 'ahead of'],
    [600, 'FAILED', 1, 'behind'],
  ])('a clock that is %i s off is %s', async (seconds, status, code, direction) => {
    const skewed = await createSandbox({ apps: APPS, now: () => Date.now() + seconds * 1000 });
    const outcome = await doctor(production({ WECHAT_API_URL: skewed.url }));
    await skewed.close();
    expect(outcome.code).toBe(code);
    expect(linesOf(outcome, 'wechat-clock')).toEqual([
      expect.stringMatching(new RegExp(`^${status} .* \\d+ s ${direction} WeChat.*\\n +→ synchronize`)),
    ]);
  });
});

test.each(['database', 'WeChat'])(
  'a %s that accepts connections and never responds: it ends within seconds',
  async (what) => {
    const blackHole = createServer(() => undefined);
    const port = await listen(blackHole);
    const outcome = await doctor(
      production(
        what === 'WeChat'
          ? { WECHAT_API_URL: `http://127.0.0.1:${port}`, WECHAT_TIMEOUT_MS: '60000' }
          : {
              DATABASE_URL: `mysql://u:${DATABASE_PASSWORD}@127.0.0.1:${port}/x`,
              DATABASE_TIMEOUT_MS: '60000',
            },
      ),
    );
    blackHole.close();
    expect(outcome.code).toBe(1);
    expect(outcome.seconds).toBeLessThan(12);
    expect(outcome.text).toMatch(what === 'WeChat' ? /no response of .*: timed out/ : /\(ETIMEDOUT\)\n +→ /);
    expect(linesOf(outcome, 'port')).toHaveLength(1);
  },
);

describe('secrets', () => {
  test.each([
    ['32 hexadecimal digits', '0123456789abcdef8f3b6a1c5d2e9f70', 128],
    ['a repeated word', 'Xy7-passphrase!'.repeat(6), 102],
    ['English words', 'this is the login server of our mini program for tea', 102],
  ])('%s: a warning', async (_, secret, bits) => {
    const outcome = await doctor(production({ JWT_SECRET: `${JWT_SECRET},${secret}` }));
    expect(outcome.code).toBe(0);
    expect(linesOf(outcome, 'secrets')).toEqual([
      expect.stringMatching(
        new RegExp(
          `^WARNING .*JWT_SECRET \\(number 2 of the list\\) has about ${bits} bits.*\\n +→ .*openssl`,
        ),
      ),
    ]);
    expect(outcome.text).not.toContain(secret.slice(0, 12));
  });

  test('random secrets of the usual commands are strong', async () => {
    const values = [
      ...[32, 48].map((bytes) => randomBytes(bytes).toString('base64')),
      ...[20, 32, 64].map((bytes) => randomBytes(bytes).toString('hex')),
    ];
    const outcome = await doctor(production({ JWT_SECRET: values.join(',') }));
    expect(linesOf(outcome, 'secrets')).toEqual([expect.stringMatching(/^ok /)]);
  });

  test('a secret that is used twice is a warning that names where', async () => {
    const outcome = await doctor(
      production({ SESSION_KEY_SECRET: `${SESSION_KEY_SECRET},${APP_SECRET}`, JWT_SECRET: APP_SECRET }),
    );
    expect(linesOf(outcome, 'configuration')).toEqual([
      expect.stringMatching(/^FAILED .* same as JWT_SECRET/),
    ]);
    const development = await doctor(
      production({ NODE_ENV: 'development', SESSION_KEY_SECRET: APP_SECRET, JWT_SECRET: APP_SECRET }),
    );
    expect(linesOf(development, 'secrets').join('\n')).toContain(
      `the same secret is used as JWT_SECRET and SESSION_KEY_SECRET and the AppSecret of ${APP_ID}\n`,
    );
  });

  test('the generated secrets of development are a warning in production', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
    mkdirSync(join(folder, '.data'));
    writeFileSync(
      join(folder, '.data/secrets.json'),
      JSON.stringify({ JWT_SECRET, SESSION_KEY_SECRET: `${SESSION_KEY_SECRET}x` }),
    );
    const outcome = await doctor(production(), { folder });
    expect(linesOf(outcome, 'secrets')).toEqual([
      expect.stringMatching(
        /^WARNING .*JWT_SECRET is a development secret, from \.data\/secrets\.json\n +→ /,
      ),
    ]);
  });

  test('the size of a signing key is told', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const outcome = await doctor(production({ JWT_PRIVATE_KEY: pem }));
    expect(linesOf(outcome, 'token-key')).toEqual(['ok       token-key: JWT_PRIVATE_KEY: RSA of 2048 bits']);
    expect(outcome.text).not.toContain(pem.slice(100, 140));
  });
});

describe('the network', () => {
  test('TRUST_PROXY=0 in production is a warning that says what it means', async () => {
    const outcome = await doctor(production({ TRUST_PROXY: '0' }));
    expect(outcome.code).toBe(0);
    expect(linesOf(outcome, 'trust-proxy')).toEqual([
      expect.stringMatching(/^WARNING .*all clients share one rate limit\n +→ set TRUST_PROXY/),
    ]);
  });

  test('HTTPS_PROXY is named as ignored, without its value', async () => {
    const outcome = await doctor(production({ https_proxy: `http://u:${DATABASE_PASSWORD}@proxy:3128` }));
    expect(linesOf(outcome, 'proxy-variables')).toEqual([
      expect.stringMatching(/^WARNING .*https_proxy is set, but the server ignores it/),
    ]);
    expect(outcome.text).not.toContain('3128');
  });

  test('a port that another program uses fails', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{"status":"fine"}'));
    const outcome = await doctor(production({ PORT: String(await listen(other)) }));
    other.close();
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'port')).toEqual([
      expect.stringMatching(/^FAILED .*is in use\n +→ PORT is used by another program: stop it/),
    ]);
  });

  test('a port that the running server uses is ok; before it is ready, that is a warning', async () => {
    const env = production();
    const server = run(env);
    const port = new URL(await server.origin).port;
    expect(linesOf(await doctor({ ...env, PORT: port }), 'port')).toEqual([
      `ok       port: the server is running on port ${port}`,
    ]);
    await runAnySql(env.DATABASE_URL ?? '', 'ALTER TABLE user RENAME TO elsewhere');
    await new Promise((done) => setTimeout(done, 1000));
    const outcome = await doctor({ ...env, PORT: port });
    expect(linesOf(outcome, 'port')).toEqual([expect.stringMatching(/^WARNING .*but it is not ready\n +→ /)]);
    server.child.kill('SIGTERM');
    await server.exited;
  });

  test('an address of another machine fails', async () => {
    const outcome = await doctor(production({ HOST: '203.0.113.7', PORT: '4000' }));
    expect(linesOf(outcome, 'port')).toEqual([
      expect.stringMatching(/^FAILED .*\(EADDRNOTAVAIL\)\n +→ HOST is not an address of this machine/),
    ]);
  });
});

describe('a libSQL file', () => {
  test.each([
    ['a file that is not a database', 'notes.txt', /the file is not a database/],
    ['a path below a file', 'notes.txt/test.db', /cannot be used by this account/],
    ['a folder', '.', /cannot be used by this account/],
  ])('%s fails', async (_, path, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
    writeFileSync(join(folder, 'notes.txt'), 'somebody needs these notes\n'.repeat(100));
    const outcome = await doctor(production({ DATABASE_URL: `file:${folder}/${path}` }));
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'database')).toEqual([expect.stringMatching(expected)]);
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  test('a file in a folder that does not exist yet is created by the next start only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-'));
    const outcome = await doctor(production({ DATABASE_URL: `file:${folder}/new/test.db` }));
    expect([outcome.code, outcome.text]).toEqual([
      0,
      expect.stringMatching(/does not exist: the next start creates it/),
    ]);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  test('in memory is a warning', async () => {
    const outcome = await doctor(production({ DATABASE_URL: 'file::memory:' }));
    expect(linesOf(outcome, 'database')).toEqual([expect.stringMatching(/^WARNING .*all data is lost/)]);
  });
});

describe.skipIf(!MYSQL)('MariaDB', () => {
  const create = async () => (await MYSQL?.create()) ?? '';

  /** The URL of another account of the same database. */
  async function withAccount(url: string, ...grants: string[]): Promise<string> {
    const name = `u${randomBytes(6).toString('hex')}`;
    const database = new URL(url).pathname.slice(1);
    await runSql(url, `CREATE USER ${name}@'%' IDENTIFIED BY '${DATABASE_PASSWORD}'`);
    for (const grant of grants)
      await runSql(url, `GRANT ${grant.replace('DB', `\`${database}\``)} TO ${name}@'%'`);
    return url.replace('//weapp:', `//${name}:`);
  }

  test('an account that may only read fails, with the GRANT that is missing', async () => {
    const url = await withAccount(await migrated(await create()), 'SELECT ON DB.*');
    const outcome = await doctor(production({ DATABASE_URL: url, MIGRATE_ON_START: '0' }));
    expect(outcome.code).toBe(1);
    const [failure = '', migration = ''] = linesOf(outcome, 'database-rights');
    expect(failure).toMatch(
      /^FAILED .* lacks INSERT, UPDATE, DELETE, which every login needs\n +→ GRANT INSERT/,
    );
    expect(migration).toMatch(/^WARNING .* lacks CREATE, ALTER, INDEX, which migrations need\n/);
    const [grant = ''] = /GRANT .+$/m.exec(failure) ?? [];
    await runSql(url.replace(/\/\/\w+:/, '//weapp:'), grant);
    const granted = await doctor(production({ DATABASE_URL: url, MIGRATE_ON_START: '0' }));
    expect(linesOf(granted, 'database-rights')).toEqual([expect.stringMatching(/^ok /)]);
  });

  test('an account that may not change tables is a warning, and fails where migrations run at the start', async () => {
    const url = await withAccount(await migrated(await create()), 'SELECT, INSERT, UPDATE, DELETE ON DB.*');
    const later = await doctor(production({ DATABASE_URL: url, MIGRATE_ON_START: '0' }));
    expect([later.code, linesOf(later, 'database-rights')]).toEqual([
      0,
      [
        expect.stringMatching(
          /^WARNING .*CREATE, ALTER, INDEX.*\n.*ignore this if `npm run migrate` uses another/,
        ),
      ],
    ]);
    const atStart = await doctor(production({ DATABASE_URL: url }));
    expect([atStart.code, linesOf(atStart, 'database-rights')]).toEqual([
      1,
      [expect.stringMatching(/^FAILED .*CREATE, ALTER, INDEX/)],
    ]);
  });

  test('rights on single tables suffice for logins; a table without them fails', async () => {
    const source = await migrated(await create());
    const rights = 'SELECT, INSERT, UPDATE, DELETE ON';
    const both = await withAccount(source, `${rights} DB.user`, `${rights} DB.user_tombstone`);
    const outcome = await doctor(production({ DATABASE_URL: both, MIGRATE_ON_START: '0' }));
    expect([outcome.code, linesOf(outcome, 'database-migrations')]).toEqual([
      0,
      [expect.stringMatching(/^WARNING .*cannot see weapp_login_migrations/)],
    ]);
    const one = await withAccount(source, `${rights} DB.user`);
    expect((await doctor(production({ DATABASE_URL: one, MIGRATE_ON_START: '0' }))).code).toBe(1);
  });

  test('what cannot be connected to fails, and says why', async () => {
    const url = await create();
    const wrong = await doctor(production({ DATABASE_URL: url.replace(/:[^:@]+@/, ':wrong@') }));
    expect(linesOf(wrong, 'database')).toEqual([
      expect.stringMatching(/^FAILED .*\(ER_ACCESS_DENIED_ERROR\)\n.*rejected this user and password/),
    ]);
    const missing = await doctor(production({ DATABASE_URL: `${url}_not_there` }));
    expect(linesOf(missing, 'database')).toEqual([
      expect.stringMatching(/\(ER_BAD_DB_ERROR\)\n.*CREATE DATABASE/),
    ]);
    const tls = await doctor(production({ DATABASE_URL: `${url}?ssl=1` }));
    expect(linesOf(tls, 'database')).toEqual([expect.stringMatching(/\n.*the TLS connection failed/)]);
    expect([wrong.code, missing.code, tls.code]).toEqual([1, 1, 1]);
  });

  test('each of several hosts has its lines, and the tables are checked on the first that works', async () => {
    const url = await migrated(await create());
    const { host } = new URL(url);
    const closed = `127.0.0.1:${await freePort()}`;
    const outcome = await doctor(production({ DATABASE_URL: url.replace(host, `${closed},${host}`) }));
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'database')).toEqual([
      expect.stringMatching(new RegExp(`^FAILED +database ${closed}: .*\\(ECONNREFUSED\\)`)),
      expect.stringMatching(new RegExp(`^ok +database ${host}: MariaDB \\d+`)),
    ]);
    expect(linesOf(outcome, 'database-migrations')).toEqual([
      expect.stringMatching(/^ok .*all 5 are applied/),
    ]);
  });

  test('columns that do not compare openids byte for byte fail', async () => {
    const url = await migrated(await create());
    await runSql(
      url,
      'ALTER TABLE user MODIFY open_id varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL',
    );
    const outcome = await doctor(production({ DATABASE_URL: url }));
    expect([outcome.code, outcome.text]).toEqual([
      1,
      expect.stringMatching(
        /^FAILED +database-charset: user\.open_id is utf8mb4_general_ci instead of ascii_bin\n/m,
      ),
    ]);
  });

  test('a clock of this machine that is off, by which tokens expire, fails', async () => {
    const skew = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'skew.mjs');
    writeFileSync(skew, 'const { now } = Date; Date.now = () => now() + 90_000;');
    const env = production({ DATABASE_URL: await migrated(await create()) });
    const outcome = await doctor({ ...env, NODE_OPTIONS: `--import ${skew}` });
    expect(outcome.code).toBe(1);
    expect(linesOf(outcome, 'database-clock')).toEqual([
      expect.stringMatching(/^FAILED .* 90 s ahead of the database.*\n +→ synchronize/),
    ]);
  });

  test.each(['docs/deployment.md', 'docs/deployment.zh-CN.md'])('%s shows what it prints', async (page) => {
    const { code = '' } = codeBlocks(page).find((block) => block.info === 'text') ?? {};
    await control('apps', { whitelisted: false });
    const { text } = await doctor(
      production({
        DATABASE_URL: await migrated(await create()),
        MIGRATE_ON_START: '0',
        TRUST_PROXY: '0',
        HOST: '0.0.0.0',
        PORT: String(await freePort()),
      }),
    );
    await control('apps', { whitelisted: true });
    const masked = (lines: string) =>
      lines
        .replaceAll(/-MariaDB\S*|rid [\da-f-]+/g, '')
        .replaceAll(/wx\w{10,}|test_\w+|weapp_login/g, 'NAME')
        .replaceAll(/\d+/g, '0')
        // Linux only.
        .replace(/.* open-files: .*/, '')
        .replaceAll(/\n+/g, '\n');
    expect(masked(text).trim()).toBe(masked(code).trim());
  });

  test('more connections than the server accepts are a warning', async () => {
    const url = `${await migrated(await create())}?poolSize=100`;
    const outcome = await doctor(production({ DATABASE_URL: url, WORKERS: '4' }));
    expect(linesOf(outcome, 'database-connections')).toEqual([
      expect.stringMatching(/^WARNING .*up to 400 connections.* accepts \d+\n +→ raise max_connections/),
    ]);
  });
});

describe('the command', () => {
  test.each([[['--jsn']], [['--json', 'x']], [['x']]])('%j is wrong usage: exit code 2', async (args) => {
    const outcome = await doctor({}, { args });
    expect([outcome.code, outcome.text]).toEqual([2, expect.stringMatching(/^Usage:\n {2}npm run doctor/)]);
  });

  const weappLogin = (args: string[], env: Record<string, string> = {}) =>
    runCommand(process.execPath, [resolve('bin/weapp-login.mjs'), ...args], {
      cwd: mkdtempSync(join(tmpdir(), 'weapp-login-')),
      env,
    });

  test('weapp-login runs it, and says what it can do', async () => {
    const { code, output } = await weappLogin(['doctor', '--json'], production());
    expect([code, JSON.parse(output).status]).toEqual([0, 'ok']);
    expect(await weappLogin(['docter'])).toEqual({ code: 2, output: expect.stringMatching(/^Usage:\n/) });
    const help = await weappLogin(['--help']);
    expect(help.code).toBe(0);
    for (const name of ['start', 'migrate', 'admin', 'sandbox', 'doctor', 'schema'])
      expect(help.output).toContain(`  weapp-login ${name} `);
    expect((await weappLogin(['admin', 'grant'])).code).toBe(2);
    expect((await weappLogin(['migrate'], production())).output).toMatch(/^The tables in .* are up to date/);
  });

  test.skipIf(!MYSQL)('weapp-login start runs the server, with WORKERS too', async () => {
    const url = (await MYSQL?.create()) ?? '';
    const args = [resolve('bin/weapp-login.mjs'), 'start'];
    const env = {
      PATH: process.env.PATH,
      ...production({ DATABASE_URL: url, WORKERS: '2', PORT: '0', SHUTDOWN_DELAY_MS: '0' }),
    };
    const server = spawn(process.execPath, args, { cwd: mkdtempSync(join(tmpdir(), 'weapp-login-')), env });
    const exited = new Promise((done) => server.once('exit', done));
    const text = await new Promise((done) => server.stdout.once('data', (chunk) => done(String(chunk))));
    server.kill('SIGTERM');
    expect([text, await exited]).toEqual([expect.stringMatching(/"msg":"listening"/), 0]);
  });

  test('the package has weapp-login', async () => {
    const { output } = await runCommand('npm', ['pack', '--dry-run', '--ignore-scripts', '--json']);
    const [{ files }]: [{ files: { path: string; mode: number }[] }] = JSON.parse(output);
    const mode = files.find(({ path }) => path === 'bin/weapp-login.mjs')?.mode ?? 0;
    expect(mode & 0o111).toBe(0o111);
  });

  test.skipIf(process.platform !== 'linux')('a low limit of open files is a warning', async () => {
    const command = `ulimit -n 1000; exec ${process.execPath} ${resolve('bin/weapp-login.mjs')} doctor`;
    const { code, output } = await runCommand('bash', ['-c', command], { env: production() });
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^WARNING +open-files: .* 1000: .*\n +→ raise/m),
    ]);
  });
});

test.skipIf(!hasMariaDb())(
  'a server on another machine: no encryption, a wrong charset, a read-only replica and few connections are found',
  async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
    const server = await startMariaDb([
      ...['--bind-address=0.0.0.0', '--skip-character-set-client-handshake', '--character-set-server=latin1'],
      ...['--max-connections=10', '--collation-server=latin1_swedish_ci'],
    ]);
    await runSql(server.url, 'CREATE DATABASE remote');
    await runSql(server.url, 'SET GLOBAL read_only = 1');
    const url = `${server.url}/remote`.replace('127.0.0.1', address ?? '127.0.0.1');
    const outcome = await doctor(production({ DATABASE_URL: url, RATE_LIMIT_STORE: 'database' }));
    await server.stop();
    expect(outcome.code).toBe(1);
    if (address)
      expect(linesOf(outcome, 'database-tls')).toEqual([
        expect.stringMatching(/^WARNING .* is not encrypted.*\n +→ add ssl=1 to DATABASE_URL/),
      ]);
    expect(linesOf(outcome, 'database-charset')[0]).toMatch(/^FAILED .* uses latin1 instead of utf8mb4\n/);
    expect(linesOf(outcome, 'database-writable')).toEqual([
      expect.stringMatching(/^FAILED .*read-only\n +→ is it a replica\?/),
    ]);
    expect(linesOf(outcome, 'database-connections')).toEqual([
      expect.stringMatching(/^WARNING .*up to 14 connections.* accepts 10\n/),
    ]);
  },
);

describe.skipIf(!hasRedis() && !process.env.CI)('Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test('that responds is ok', async () => {
    const outcome = await doctor(production({ REDIS_URL: redis.url }));
    expect(linesOf(outcome, 'redis')).toEqual([
      expect.stringMatching(/^ok +redis: Redis \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^ok +redis: it responds$/),
    ]);
    expect(outcome.code).toBe(0);
  });

  test.each([
    [
      'a wrong password',
      (url: string) => url.replace(/:[^:@]+@/, ':canary-wrong@'),
      /WRONGPASS\n +→ correct user/,
    ],
    ['no password', (url: string) => url.replace(/:[^:@]+@/, ''), /NOAUTH\n +→ Redis wants a password/],
    ['a port without a server', () => 'redis://127.0.0.1:1', /ECONNREFUSED\n +→ start Redis/],
  ])('%s fails, with what to do', async (_, change, line) => {
    const outcome = await doctor(production({ REDIS_URL: change(redis.url) }));
    expect(linesOf(outcome, 'redis')).toEqual([expect.stringMatching(line)]);
    expect([outcome.code, outcome.text.includes('canary-wrong')]).toEqual([1, false]);
  });

  test('that loses its data when it restarts is a warning', async () => {
    const client = new Redis(redis.url);
    await client.config('SET', 'save', '');
    const outcome = await doctor(production({ REDIS_URL: redis.url }));
    await client.config('SET', 'save', '60 1');
    client.disconnect();
    expect(linesOf(outcome, 'redis')[1]).toMatch(/^WARNING .*loses its data.*\n +→ set appendonly yes/);
  });

  test('that does not respond fails within seconds', async () => {
    process.kill(redis.pid(), 'SIGSTOP');
    const outcome = await doctor(production({ REDIS_URL: redis.url }));
    process.kill(redis.pid(), 'SIGCONT');
    expect(linesOf(outcome, 'redis')).toEqual([expect.stringMatching(/^FAILED .*\n +→ start Redis/)]);
    expect(outcome.seconds).toBeLessThan(12);
  });

  test.skipIf(!MYSQL)('is missing: a warning with WORKERS', async () => {
    const url = await migrated((await MYSQL?.create()) ?? '');
    const outcome = await doctor(production({ DATABASE_URL: url, WORKERS: '2' }));
    expect(linesOf(outcome, 'redis')).toEqual([
      expect.stringMatching(/^WARNING .*WORKERS=2 without REDIS_URL/),
    ]);
  });
});
