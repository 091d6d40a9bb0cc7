import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { ConfigError } from '../src/config/config-error.ts';
import type { Env } from '../src/config/env.ts';
import { APP_SECRET, DATABASE_PASSWORD, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';

const DEVELOPMENT: Env = { JWT_SECRET, SESSION_KEY_SECRET };
const PRODUCTION: Env = {
  NODE_ENV: 'production',
  DATABASE_URL: `mysql://weapp:${DATABASE_PASSWORD}@db.example:3306/weapp`,
  JWT_SECRET,
  SESSION_KEY_SECRET,
  WECHAT_APP_ID: 'wx4f4bc4dec97d474b',
  WECHAT_APP_SECRET: APP_SECRET,
};

function faultsOf(env: Env): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

test('development needs no configuration', () => {
  expect(readConfig(DEVELOPMENT)).toMatchObject({
    mode: 'development',
    http: { host: '127.0.0.1', port: 4000, graphiql: true },
    database: { dialect: 'sqlite', path: '.data/weapp-login.db' },
    migrateOnStart: true,
    wechat: { sandbox: true },
    auth: { tokenTtl: 3600 },
  });
});

test('production: every variable is set, no development default applies', () => {
  expect(readConfig(PRODUCTION)).toMatchObject({
    mode: 'production',
    http: { host: '0.0.0.0', graphiql: false },
    database: {
      dialect: 'mysql',
      host: 'db.example',
      port: 3306,
      database: 'weapp',
      ssl: false,
      poolSize: 10,
      timeoutMs: 5000,
    },
    migrateOnStart: false,
    wechat: { sandbox: false, apiUrl: 'https://api.weixin.qq.com', apps: [{ appId: 'wx4f4bc4dec97d474b' }] },
  });
});

test('production without anything: every missing variable at once, each with its remedy', () => {
  const faults = faultsOf({ NODE_ENV: 'production' });
  expect(faults).toHaveLength(4);
  for (const name of [
    'DATABASE_URL',
    'JWT_SECRET',
    'SESSION_KEY_SECRET',
    'WECHAT_APP_ID and WECHAT_APP_SECRET',
  ])
    expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${name} (is|are) missing: `)));
});

describe('each error names its variable and the remedy, and reveals no secret', () => {
  test.each<[string, Env, RegExp]>([
    ['a mode that is none', { NODE_ENV: 'prod' }, /^NODE_ENV must be one of development, test, production/],
    ['a port that is none', { PORT: '70000' }, /^PORT must be a whole number from 0 to 65535/],
    ['a port in words', { PORT: 'http' }, /^PORT must be/],
    ['a token for a minute less', { TOKEN_TTL: '59' }, /^TOKEN_TTL must be a whole number from 60/],
    [
      'another database',
      { DATABASE_URL: `postgres://u:${DATABASE_PASSWORD}@h/db` },
      /^DATABASE_URL must begin with mysql:/,
    ],
    [
      'a database without a name',
      { DATABASE_URL: `mysql://u:${DATABASE_PASSWORD}@h:3306` },
      /^DATABASE_URL has no database name/,
    ],
    [
      'an option that is none',
      { DATABASE_URL: 'mysql://u@h/db?sslmode=require' },
      /^DATABASE_URL has the unknown option sslmode/,
    ],
    [
      'a password with a bare percent sign',
      { DATABASE_URL: 'mysql://u:canary50%@h/db' },
      /^DATABASE_URL has an invalid % encoding: write %25/,
    ],
    [
      'TLS asked for in other words',
      { DATABASE_URL: 'mysql://u@h/db?ssl=required' },
      /^DATABASE_URL has an invalid ssl option: 1 requires TLS/,
    ],
    [
      'a pool of none',
      { DATABASE_URL: 'mysql://u@h/db?poolSize=0' },
      /^DATABASE_URL has an invalid poolSize option: use 1 to 999/,
    ],
    [
      'a pool in words',
      { DATABASE_URL: 'mysql://u@h/db?poolSize=big' },
      /^DATABASE_URL has an invalid poolSize option: use 1 to 999/,
    ],
    [
      'a password with a slash',
      { DATABASE_URL: 'mysql://u:p/CANARYpw@host:3306/db' },
      /^DATABASE_URL has a special character in user or password .* %2F for \/.* DATABASE_PASSWORD$/,
    ],
    [
      'a password with at, slash and hash',
      { DATABASE_URL: 'mysql://u:p@ss/w#rd@host/db' },
      /^DATABASE_URL has a special character/,
    ],
    [
      'a password with a question mark',
      { DATABASE_URL: 'mysql://u:p?w@host/db' },
      /^DATABASE_URL has a special character/,
    ],
    ['a file without a name', { DATABASE_URL: 'file:' }, /^DATABASE_URL has no file name/],
    ['a folder', { DATABASE_URL: 'file:/var/lib/weapp/' }, /^DATABASE_URL has no file name/],
    ['a file on another host', { DATABASE_URL: 'file://var/x.db' }, /^DATABASE_URL has no file name/],
    ['a file with options', { DATABASE_URL: 'file:/var/x.db?mode=ro' }, /^DATABASE_URL has no file name/],
    [
      'a placeholder among more apps',
      { WECHAT_APPS: 'wx1234567890abcdef:your-secret-goes-here-0123456789' },
      /^WECHAT_APPS contains a placeholder/,
    ],
    [
      'the secret of the sandbox',
      { WECHAT_APPS: 'wxsandbox0000000:sandbox-secret-known-to-everyone' },
      /^WECHAT_APPS contains a placeholder/,
    ],
    [
      'a mini program twice',
      { WECHAT_APPS: `wx4f4bc4dec97d474b:${APP_SECRET}` },
      /^WECHAT_APPS names a mini program twice/,
    ],
    [
      'one secret for two doors, in lists',
      { SESSION_KEY_SECRET: `another-${SESSION_KEY_SECRET}, ${JWT_SECRET}` },
      /^SESSION_KEY_SECRET is the same as JWT_SECRET/,
    ],
    ['a short secret', { JWT_SECRET: 'canary-jwt-short' }, /^JWT_SECRET is too short: it needs 32 bytes/],
    [
      'a second secret that is short',
      { JWT_SECRET: `${JWT_SECRET},x` },
      /^JWT_SECRET is too short \(number 2 of the list\)/,
    ],
    [
      'a placeholder',
      { SESSION_KEY_SECRET: 'change-me-change-me-change-me-change-me' },
      /^SESSION_KEY_SECRET is a placeholder/,
    ],
    [
      'a secret of one letter',
      { SESSION_KEY_SECRET: 'a'.repeat(48) },
      /^SESSION_KEY_SECRET .*can be guessed/,
    ],
    [
      'one secret for two doors',
      { SESSION_KEY_SECRET: JWT_SECRET },
      /^SESSION_KEY_SECRET is the same as JWT_SECRET/,
    ],
    ['an AppID that is none', { WECHAT_APP_ID: 'my-app' }, /^WECHAT_APP_ID is not an AppID/],
    ['an AppID without its secret', { WECHAT_APP_SECRET: '' }, /^WECHAT_APP_SECRET is missing/],
    ['a secret without its AppID', { WECHAT_APP_ID: '' }, /^WECHAT_APP_ID is missing/],
    ['apps without secrets', { WECHAT_APPS: 'wx1234567890abcdef' }, /^WECHAT_APPS must read appid:secret/],
    ['an API that is no URL', { WECHAT_API_URL: 'api.weixin.qq.com' }, /^WECHAT_API_URL is not a URL/],
    ['a log level that is none', { LOG_LEVEL: 'verbose' }, /^LOG_LEVEL must be one of silent, /],
    ['a maybe', { MIGRATE_ON_START: 'yes' }, /^MIGRATE_ON_START must be one of 0, 1/],
  ])('%s', (_, change, fault) => {
    const faults = faultsOf({ ...PRODUCTION, ...change });
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults.join()).not.toContain('canary');
  });
});

test('production accepts a file database if DATABASE_URL names it', () => {
  expect(
    readConfig({ ...PRODUCTION, DATABASE_URL: 'file:///var/lib/weapp/login.db' }).database,
  ).toMatchObject({
    dialect: 'sqlite',
    path: '/var/lib/weapp/login.db',
  });
});

test.each(['p,w', 'p,w:1,x', 'p@s,w', ',', 'p:w', 'p@s'])(
  'the password %s is read as it is, with one host and with two',
  (password) => {
    for (const hosts of ['h', 'h,b:3307']) {
      const DATABASE_URL = `mysql://u:${password}@${hosts}/db`;
      expect(readConfig({ ...PRODUCTION, DATABASE_URL }).database).toMatchObject({
        user: 'u',
        password,
        host: 'h',
        port: 3306,
        fallbacks: hosts === 'h' ? [] : [{ host: 'b', port: 3307 }],
        database: 'db',
      });
    }
  },
);

test('a mysql URL may hold encoded characters, IPv6, a socket, TLS and a pool size', () => {
  const url = 'mysql://we%40app:p%2F%3A%23@[::1]:3307/my%2Ddb?ssl=1&poolSize=25&socketPath=/run/mysqld.sock';
  expect(readConfig({ ...PRODUCTION, DATABASE_URL: url }).database).toMatchObject({
    ...{ host: '::1', port: 3307, user: 'we@app', password: 'p/:#', database: 'my-db' },
    ...{ ssl: true, poolSize: 25, socketPath: '/run/mysqld.sock' },
  });
});

test('a mysql URL may name several hosts, in the order in which they are tried', () => {
  const url = 'mysql://u:p@a:3307,[::1]:3308,c/db?ssl=1';
  expect(readConfig({ ...PRODUCTION, DATABASE_URL: url }).database).toMatchObject({
    ...{ host: 'a', port: 3307, user: 'u', database: 'db', ssl: true },
    fallbacks: [
      { host: '::1', port: 3308 },
      { host: 'c', port: 3306 },
    ],
  });
  expect(() => readConfig({ ...PRODUCTION, DATABASE_URL: 'mysql://u:p@a,b:x/db' })).toThrow(/DATABASE_URL/);
});

test('DATABASE_PASSWORD replaces the password in the URL, without encoding', () => {
  const env = { DATABASE_URL: 'mysql://u:old@host/db', DATABASE_PASSWORD: 'p@ss/w#rd%' };
  expect(readConfig({ ...PRODUCTION, ...env }).database).toMatchObject({ password: 'p@ss/w#rd%' });
});

test('several mini programs: WECHAT_APP_ID first, then WECHAT_APPS in their order', () => {
  const apps = `wx1111111111111111:${APP_SECRET}, wx2222222222222222:${APP_SECRET}`;
  const ids = (env: Env) => readConfig(env).wechat.apps.map(({ appId }) => appId);
  expect(ids({ ...PRODUCTION, WECHAT_APPS: apps })).toEqual([
    'wx4f4bc4dec97d474b',
    'wx1111111111111111',
    'wx2222222222222222',
  ]);
  expect(ids({ ...PRODUCTION, WECHAT_APP_ID: '', WECHAT_APP_SECRET: '', WECHAT_APPS: apps })[0]).toBe(
    'wx1111111111111111',
  );
});

test('.env.example and docs/configuration.md name every variable, and nothing else', () => {
  const source = readFileSync('src/config/environment.ts', 'utf8');
  const variables = [...source.matchAll(/^ {4}([A-Z][A-Z_]+): /gm)].map(([, name]) => name).sort();
  const named = (file: string, pattern: RegExp) =>
    [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name]) => name).sort();
  expect(variables).toContain('DATABASE_URL');
  expect(named('.env.example', /^#? ?([A-Z][A-Z_]+)=/gm)).toEqual(variables);
  expect(named('docs/configuration.md', /^\| `([A-Z][A-Z_]+)` \|/gm)).toEqual(variables);
});
