import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { migrateUnderLease } from '../src/storage/migrations.ts';
import type { user as mysqlUser } from '../src/storage/mysql.schema.ts';
import { createMysql } from '../src/storage/mysql.ts';
import { openStorage, type Storage } from '../src/storage/open.ts';
import { createSessionKeyCipher } from '../src/storage/session-key.ts';
import type { user as sqliteUser } from '../src/storage/sqlite.schema.ts';
import { createSqlite } from '../src/storage/sqlite.ts';
import {
  isConnectionUnusable,
  StorageError,
  timeoutError,
  toStorageError,
} from '../src/storage/storage-error.ts';
import { SESSION_KEY_SECRET } from './support/canaries.ts';
import { ALL_DATABASES, DATABASES, definitionsIn, runAnySql, runSql } from './support/databases.ts';
import { environment } from './support/product.ts';
import { openSqliteFile } from './support/sqlite-file.ts';

const APP = 'wxcanary00000001';
function openId() {
  return `o${randomBytes(20).toString('base64url')}`;
}
const KEY = 'Q0FOQVJZc2tzdG9yYWdlMQ==';

const UNAVAILABLE = { failure: 'UNAVAILABLE', retryable: false };
const RETRYABLE = { failure: 'UNAVAILABLE', retryable: true };
const FAULT = { failure: 'FAULT', retryable: false };
const READ_ONLY = 1290;

describe.each(ALL_DATABASES)('storage on $name', (database) => {
  let storage: Storage;
  let url: string;
  let at = new Date('2026-03-01T12:34:56.789Z');

  beforeAll(async () => {
    url = await database.create();
    storage = await open(url);
    await storage.migrate();
  });
  afterAll(() => storage.close());

  const open = (databaseUrl: string, secrets: readonly [string, ...string[]] = [SESSION_KEY_SECRET]) =>
    openStorage(readConfig(environment({ DATABASE_URL: databaseUrl })).database, secrets, {
      now: () => at.getTime(),
    });
  const enrol = (open: string, profile = {}, sessionKey = KEY, unionId?: string) =>
    storage.users.enrol({ appId: APP, openId: open, unionId, sessionKey }, profile);

  test('the first login inserts the row, every other one updates it', async () => {
    const person = openId();
    const first = await enrol(person, { nickName: 'Alice' });
    expect(first.isNewUser).toBe(true);
    expect(first.user).toMatchObject({
      openId: person,
      nickName: 'Alice',
      unionId: null,
      role: 'USER',
      tokenVersion: 0,
    });
    const created = at;
    at = new Date(at.getTime() + 5000);
    const second = await enrol(person, { city: '广州' });
    expect(second).toEqual({
      isNewUser: false,
      user: { ...first.user, city: '广州', updatedAt: at, lastLoginAt: at, createdAt: created },
    });
    expect(await storage.users.byId(first.user.id)).toEqual(second.user);
  });

  test('100 concurrent first logins of one person make one row, one id and one isNewUser', async () => {
    const person = openId();
    const logins = await Promise.all(Array.from({ length: 100 }, () => enrol(person)));
    expect(new Set(logins.map(({ user }) => user.id)).size).toBe(1);
    expect(logins.filter(({ isNewUser }) => isNewUser)).toHaveLength(1);
  });

  test('openids that differ only in case, or in an underscore, are different people', async () => {
    const [a, b, c] = ['oAbcdefghijklmnopqrst', 'oABCDEFGHIJKLMNOPQRST', 'oAbcdefghijklmnopqrs_'];
    const ids = new Set((await Promise.all([a, b, c].map((id) => enrol(id)))).map(({ user }) => user.id));
    expect(ids.size).toBe(3);
    expect((await enrol(a)).user.openId).toBe(a);
  });

  test('one openid in two mini programs is two users', async () => {
    const person = openId();
    const here = await enrol(person);
    const there = await storage.users.enrol(
      { appId: 'wxcanary00000002', openId: person, sessionKey: KEY },
      {},
    );
    expect(there.isNewUser).toBe(true);
    expect(there.user.id).not.toBe(here.user.id);
  });

  test('a unionid that appears later is kept, and never blanked or lost', async () => {
    const person = openId();
    const union = `u${person.slice(1)}`;
    expect((await enrol(person)).user.unionId).toBeNull();
    expect((await enrol(person, {}, KEY, union)).user.unionId).toBe(union);
    expect((await enrol(person)).user.unionId).toBe(union);
  });

  test('any text is stored unchanged: 🐳, 𠮷, quotes, backslashes, joined emoji', async () => {
    const nickName = `🐳𠮷'"\\%_\`;--👨‍👩‍👧‍👦é${'文'.repeat(20)}`;
    const { user } = await enrol(openId(), { nickName, country: "\\' OR 1=1 -- " });
    expect(await storage.users.byId(user.id)).toMatchObject({ nickName, country: "\\' OR 1=1 -- " });
  });

  test('times are exact to the millisecond in any time zone of the server', async () => {
    at = new Date('2026-07-15T23:59:59.001Z');
    const { user } = await enrol(openId());
    expect(user.createdAt.toISOString()).toBe('2026-07-15T23:59:59.001Z');
    const stored = await storage.users.byId(user.id);
    expect(stored?.lastLoginAt.toISOString()).toBe('2026-07-15T23:59:59.001Z');
  });

  test('a profile change sets the given fields: null erases, absent is unchanged', async () => {
    const { user } = await enrol(openId(), { nickName: 'Bob', city: 'Paris', gender: 1 });
    at = new Date(at.getTime() + 1000);
    const changed = await storage.users.updateProfile(user.id, { city: null, gender: 2 });
    expect(changed).toEqual({ ...user, city: null, gender: 2, updatedAt: at });
    expect(
      await storage.users.updateProfile('00000000-0000-7000-8000-000000000000', { city: 'x' }),
    ).toBeNull();
  });

  test('a value that is too long is rejected, never truncated', async () => {
    if (database.name !== 'MariaDB') return;
    const { user } = await enrol(openId(), { nickName: 'short' });
    await expect(storage.users.updateProfile(user.id, { nickName: 'x'.repeat(65) })).rejects.toMatchObject({
      name: 'StorageError',
      code: 'ER_DATA_TOO_LONG',
    });
    expect((await storage.users.byId(user.id))?.nickName).toBe('short');
  });

  test('the session_key is decrypted for its own row only, and not readable in the table', async () => {
    const [alice, bob] = [await enrol(openId()), await enrol(openId())];
    const newKey = 'Q0FOQVJZc2tzdG9yYWdlMg==';
    await enrol(alice.user.openId, {}, newKey);
    expect(await storage.users.sessionKey(alice.user.id)).toBe(newKey);
    expect(await storage.users.sessionKey('nobody')).toBeNull();
    if (database.name !== 'MariaDB') return;
    const rows = await runSql(url, 'SELECT session_key FROM user');
    expect(JSON.stringify(rows)).not.toContain('Q0FOQVJZc2');
    await runSql(
      url,
      'UPDATE user a JOIN user b SET a.session_key = b.session_key WHERE a.id = ? AND b.id = ?',
      [bob.user.id, alice.user.id],
    );
    expect(await storage.users.sessionKey(bob.user.id)).toBeNull();
  });

  test('50 concurrent logins leave one valid session_key', async () => {
    const { user } = await enrol(openId());
    const keys = Array.from({ length: 50 }, () => randomBytes(16).toString('base64'));
    await Promise.all(keys.map((key) => enrol(user.openId, {}, key)));
    expect(keys).toContain(await storage.users.sessionKey(user.id));
  });

  test('session_keys stay readable after a rotation of the secret, not after its removal', async () => {
    if (database.name === 'libSQL in memory') return;
    const { user } = await enrol(openId());
    const rotated = await open(url, ['another-secret-0123456789abcdefghij', SESSION_KEY_SECRET]);
    const foreign = await open(url, ['another-secret-0123456789abcdefghij']);
    expect(await rotated.users.sessionKey(user.id)).toBe(KEY);
    expect(await foreign.users.sessionKey(user.id)).toBeNull();
    await Promise.all([rotated.close(), foreign.close()]);
  });

  test('ten processes can migrate an empty database at once', async () => {
    if (database.name === 'libSQL in memory') return;
    const fresh = await database.create();
    const processes = await Promise.all(Array.from({ length: 10 }, () => open(fresh)));
    await Promise.all(processes.map((each) => each.migrate()));
    await Promise.all(processes.map((each) => each.check()));
    await Promise.all(processes.map((each) => each.close()));
  });

  test('a database without the tables is reported at start', async () => {
    if (database.name === 'libSQL in memory') return;
    const empty = await open(await database.create());
    await expect(empty.check()).rejects.toMatchObject({ name: 'StorageError', failure: 'FAULT' });
    await empty.close();
  });

  test.each([
    'CREATE TABLE user (id int PRIMARY KEY, union_id varchar(20), email text)',
    'CREATE TABLE rate_limit (id int PRIMARY KEY, hits int)',
    'CREATE TABLE user_tombstone (id int PRIMARY KEY, reason text)',
  ])('a database of another program is refused and left as it was: %s', async (theirs) => {
    if (database.name === 'libSQL in memory') return;
    const fresh = await database.create();
    await runAnySql(fresh, theirs);
    const before = await definitionsIn(fresh);
    const foreign = await open(fresh);
    await expect(foreign.migrate()).rejects.toMatchObject({ failure: 'FAULT', code: 'FOREIGN_TABLES' });
    await foreign.close();
    expect(await definitionsIn(fresh)).toEqual(before);
  });

  test('a table that lacks a column is reported at start', async () => {
    if (database.name === 'libSQL in memory') return;
    const fresh = await database.create();
    const outdated = await open(fresh);
    await outdated.migrate();
    await outdated.check();
    await runAnySql(fresh, 'ALTER TABLE user DROP COLUMN city');
    await expect(outdated.check()).rejects.toMatchObject({ name: 'StorageError', failure: 'FAULT' });
    await outdated.close();
  });

  test('it is ready once it was migrated, until it is closed', async () => {
    const other = await open(await database.create());
    await expect(other.ping()).rejects.toMatchObject({ name: 'StorageError', failure: 'FAULT' });
    await other.migrate();
    await other.ping();
    await other.close();
    await expect(other.users.byId('nobody')).rejects.toMatchObject({ name: 'StorageError' });
  });

  test('an interrupted migration is completed by the next start', async () => {
    if (database.name !== 'MariaDB') return;
    const fresh = await database.create();
    await runSql(fresh, readFileSync('drizzle/mysql/0000_user.sql', 'utf8'));
    const next = await open(fresh);
    await next.migrate();
    await next.check();
    await next.close();
  });
});

describe.each(DATABASES)('the lease of migrations on $name', (database) => {
  /** A migrated database, where another process holds the lease for 20 seconds. */
  const openLeased = async () => {
    const options = readConfig(environment({ DATABASE_URL: await database.create() })).database;
    const dialect = options.dialect === 'mysql' ? createMysql(options) : await createSqlite(options);
    await migrateUnderLease(dialect);
    const clock = { now: Date.now() };
    const holders = () => dialect.execute('SELECT name, holder, expires_at FROM weapp_login_lease');
    expect(await holders()).toEqual([]);
    await dialect.execute("INSERT INTO weapp_login_lease VALUES ('migrations', 'another', ?)", [
      clock.now + 20_000,
    ]);
    return { dialect, clock, holders };
  };

  test('a process waits while another holds it, and takes it once it has expired', async () => {
    const { dialect, clock, holders } = await openLeased();
    let migrated = false;
    const migrating = migrateUnderLease(
      {
        ...dialect,
        async migrate() {
          migrated = true;
          expect(await holders()).toEqual([['migrations', expect.any(String), clock.now + 30_000]]);
        },
      },
      () => clock.now,
    );
    clock.now += 20_000;
    await sleep(250);
    expect(migrated).toBe(false);
    clock.now += 1;
    await migrating;
    expect(migrated).toBe(true);
    expect(await holders()).toEqual([]);
    await dialect.close();
  });

  test('a process gives up after two minutes, and leaves the lease to its holder', async () => {
    const { dialect, clock, holders } = await openLeased();
    await dialect.execute('UPDATE weapp_login_lease SET expires_at = ?', [clock.now + 600_000]);
    const before = await holders();
    let calls = 0;
    const now = () => {
      calls += 1;
      return clock.now + (calls - 1) * 15_000;
    };
    await expect(migrateUnderLease(dialect, now)).rejects.toMatchObject({
      failure: 'UNAVAILABLE',
      code: 'MIGRATION_LEASE_HELD',
    });
    expect(calls).toBeGreaterThan(8);
    expect(await holders()).toEqual(before);
    await dialect.close();
  });

  test('it is renewed every ten seconds, and released when the migration fails', async () => {
    const { dialect, clock, holders } = await openLeased();
    await dialect.execute('DELETE FROM weapp_login_lease');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const migrate = async () => {
        clock.now += 10_000;
        vi.advanceTimersByTime(9999);
        await sleep(50);
        expect(await holders()).toMatchObject([['migrations', expect.any(String), clock.now + 20_000]]);
        vi.advanceTimersByTime(1);
        await sleep(50);
        expect(await holders()).toMatchObject([['migrations', expect.any(String), clock.now + 30_000]]);
        throw new Error('no');
      };
      await expect(migrateUnderLease({ ...dialect, migrate }, () => clock.now)).rejects.toMatchObject({
        ...FAULT,
        code: 'Error',
      });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(await holders()).toEqual([]);
    await dialect.close();
  });

  test('it is taken although the response of the database was lost', async () => {
    const { dialect, clock } = await openLeased();
    await dialect.execute('DELETE FROM weapp_login_lease');
    let lost = 0;
    const execute: typeof dialect.execute = async (sql, params) => {
      const rows = await dialect.execute(sql, params);
      if (sql.startsWith('INSERT') && lost++ === 0) throw new StorageError('UNAVAILABLE', 'ECONNRESET', true);
      return rows;
    };
    await migrateUnderLease({ ...dialect, execute }, () => clock.now);
    expect(lost).toBeGreaterThan(0);
    await dialect.close();
  });

  test('a migration succeeds although the lease can be neither renewed nor released', async () => {
    const { dialect } = await openLeased();
    await dialect.execute('DELETE FROM weapp_login_lease');
    const execute: typeof dialect.execute = async (sql, params) => {
      if (sql.startsWith('DELETE') && sql.includes('holder'))
        throw new StorageError('UNAVAILABLE', 'ETIMEDOUT');
      return dialect.execute(sql, params);
    };
    await migrateUnderLease({ ...dialect, execute });
    await dialect.close();
  });

  test('any other failure to take it is reported at once', async () => {
    const { dialect, clock } = await openLeased();
    const failure = new StorageError('FAULT', 'ER_NO');
    const execute: typeof dialect.execute = async (sql, params) => {
      if (sql.startsWith('INSERT')) throw failure;
      return dialect.execute(sql, params);
    };
    await expect(migrateUnderLease({ ...dialect, execute }, () => clock.now)).rejects.toBe(failure);
    await dialect.close();
  });
});

test.each([
  ...[1020, 1205, 1213, 3101, 8022, 9007].map((errno) => ({ errno, code: 'ER_ROLLED_BACK', ...RETRYABLE })),
  ...[1047, 1053, 1927, 3032].map((errno) => ({ errno, code: 'ER_SERVER_LOST', ...RETRYABLE })),
  ...['ECONNRESET', 'EPIPE', 'PROTOCOL_CONNECTION_LOST', 'SQLITE_BUSY', 'SQLITE_LOCKED'].map((code) => ({
    errno: 0,
    code,
    ...RETRYABLE,
  })),
  ...[READ_ONLY, 1040, 1317, 3024].map((errno) => ({ errno, code: 'ER_UNAVAILABLE', ...UNAVAILABLE })),
  ...[
    ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'POOL_CLOSED', 'HANDSHAKE_SSL_ERROR'],
    ...['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EACCES', 'ENOSPC', 'SQLITE_CANTOPEN'],
    'SQLITE_FULL',
  ].map((code) => ({ errno: 0, code, ...UNAVAILABLE })),
  { errno: 1062, code: 'ER_DUP_ENTRY', failure: 'DUPLICATE', retryable: false },
  { errno: 0, code: 'SQLITE_CONSTRAINT_PRIMARYKEY', failure: 'DUPLICATE', retryable: false },
  { errno: 0, code: 'SQLITE_CONSTRAINT_NOTNULL', ...FAULT },
  { errno: 1146, code: 'ER_NO_SUCH_TABLE', ...FAULT },
  { errno: 0, code: 'EACCESS', ...FAULT },
])('error $errno $code is $failure, retryable: $retryable', ({ errno, code, failure, retryable }) => {
  const error = Object.assign(new Error('with SQL and a password'), { errno, code });
  const expected = { message: `database ${failure.toLowerCase()} (${code})`, failure, code, retryable };
  for (const thrown of [error, new Error('of Drizzle', { cause: error })])
    expect(toStorageError(thrown)).toMatchObject(expected);
  const ofSqlite = Object.assign(new Error('x'), { code: 'SQLITE_ERROR', extendedCode: code, errno });
  expect(toStorageError(ofSqlite)).toMatchObject(expected);
  const unknown = Object.assign(new Error('x'), { code: `X_${code}` });
  expect(toStorageError(unknown)).toMatchObject({ ...FAULT, code: `X_${code}` });
});

test('a failure without a code has one', () => {
  const lost = Object.assign(new Error('x'), { fatal: true });
  expect(toStorageError(lost)).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST', ...RETRYABLE });
  const known = Object.assign(new Error('x'), { fatal: true, code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 });
  expect(toStorageError(known)).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR', ...UNAVAILABLE });
  const odd = Object.assign(new Error('x'), { code: 7, errno: '1213', extendedCode: null, fatal: false });
  expect(toStorageError(odd)).toMatchObject({ code: 'Error', ...FAULT });
  const full = new Error('Queue limit reached.');
  expect(toStorageError(full)).toMatchObject({ code: 'POOL_QUEUE_FULL', ...UNAVAILABLE });
  const closed = new Error('Pool is closed.');
  expect(toStorageError(closed)).toMatchObject({ code: 'POOL_CLOSED', ...UNAVAILABLE });
  expect(toStorageError(new TypeError('x'))).toMatchObject({ code: 'TypeError', ...FAULT });
  for (const thrown of ['text', null, undefined])
    expect(toStorageError(thrown)).toMatchObject({ code: 'UNKNOWN', ...FAULT });
  const own = timeoutError();
  expect(own).toMatchObject({ code: 'ETIMEDOUT', ...UNAVAILABLE });
  for (const thrown of [own, new Error('of Drizzle', { cause: own })])
    expect(toStorageError(thrown)).toBe(own);
});

test('a connection is not used again after it was lost, or found to be read-only', () => {
  const isUnusable = (errno: number, code: string) =>
    isConnectionUnusable(Object.assign(new Error('x'), { errno, code }));
  expect(isUnusable(READ_ONLY, 'ER_OPTION_PREVENTS_STATEMENT')).toBe(true);
  expect(isUnusable(1053, 'ER_SERVER_SHUTDOWN')).toBe(true);
  expect(isUnusable(0, 'ECONNRESET')).toBe(true);
  expect(isConnectionUnusable(timeoutError())).toBe(true);
  expect(isUnusable(1062, 'ER_DUP_ENTRY')).toBe(false);
  expect(isConnectionUnusable('text')).toBe(false);
});

describe('a libSQL file', () => {
  const openFile = (path: string) =>
    openStorage(readConfig(environment({ DATABASE_URL: `file:${path}` })).database, [SESSION_KEY_SECRET]);
  const newFolder = () => mkdtempSync(join(tmpdir(), 'weapp-login-'));
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

  test('is created in a new folder, both for this account only; the mode of an existing file is kept', async () => {
    const folder = join(newFolder(), 'a', 'b');
    const path = join(folder, 'new.db');
    const storage = await openFile(path);
    expect(storage.place).toBe(path);
    expect([modeOf(folder), modeOf(path)]).toEqual(['700', '600']);
    expect(await runAnySql(`file:${path}`, 'PRAGMA journal_mode')).toMatchObject([{ journal_mode: 'wal' }]);
    await storage.close();
    chmodSync(path, 0o640);
    await (await openFile(path)).close();
    expect(modeOf(path)).toBe('640');
    await expect(openFile(folder)).rejects.toMatchObject({ name: 'StorageError', code: 'EISDIR' });
  });

  test('is read while another process writes, and written when it has ended', async () => {
    const path = join(newFolder(), 'busy.db');
    const storage = await openFile(path);
    await storage.migrate();
    const { user } = await storage.users.enrol({ appId: APP, openId: openId(), sessionKey: KEY }, {});
    const writer = openSqliteFile(`file:${path}`);
    const transaction = await writer.beginWrite();
    await transaction.execute("UPDATE user SET city = 'Rome'");
    expect((await storage.users.byId(user.id))?.city).toBeNull();
    await storage.ping();
    let written = false;
    const writing = storage.users.updateProfile(user.id, { city: 'Paris' }).finally(() => {
      written = true;
    });
    await sleep(100);
    expect(written).toBe(false);
    await transaction.commit();
    writer.close();
    expect((await writing)?.city).toBe('Paris');
    await storage.close();
  });

  test('a statement waits five seconds for another process', async () => {
    const path = join(newFolder(), 'busy.db');
    const storage = await openFile(path);
    await storage.migrate();
    const writer = openSqliteFile(`file:${path}`);
    const transaction = await writer.beginWrite();
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const failure = storage.users.revokeTokens('x', 0).catch((error: unknown) => error);
      await sleep(50);
      vi.advanceTimersByTime(5000);
      await sleep(50);
      vi.advanceTimersByTime(1);
      expect(await failure).toMatchObject({ failure: 'UNAVAILABLE', code: 'SQLITE_BUSY', retryable: false });
    } finally {
      vi.useRealTimers();
    }
    await transaction.rollback();
    writer.close();
    await storage.close();
  });

  test.each([
    ['removed', (path: string) => rmSync(path), 'ENOENT'],
    ['truncated', (path: string) => truncateSync(path), 'SQLITE_NOTADB'],
    [
      'replaced',
      (path: string) => {
        renameSync(path, `${path}.old`);
        copyFileSync(`${path}.old`, path);
      },
      'FILE_REPLACED',
    ],
  ])('is not ready after it was %s', async (_name, damage, code) => {
    const path = join(newFolder(), 'damaged.db');
    const storage = await openFile(path);
    await storage.migrate();
    await storage.ping();
    damage(path);
    await expect(storage.ping()).rejects.toMatchObject({ name: 'StorageError', code });
    await storage.close();
  });
});

test('the place of a server is named without user and password', async () => {
  const place = async (url: string) => {
    const { database } = readConfig(environment({ DATABASE_URL: url }));
    const storage = await openStorage(database, [SESSION_KEY_SECRET]);
    await storage.close();
    return storage.place;
  };
  expect(await place('mysql://user:secret@db.example.com:3307/app')).toBe('db.example.com:3307/app');
  expect(await place('mysql://user:secret@localhost/app?socketPath=/run/mysqld.sock')).toBe(
    '/run/mysqld.sock',
  );
});

test('an encrypted session_key that was modified, cut or moved is rejected', () => {
  const [secret, other] = ['secret-0123456789abcdefghijklmnopqr', 'another-0123456789abcdefghijklmnopq'];
  const cipher = createSessionKeyCipher([secret]);
  const encrypted = cipher.encrypt(KEY, 'owner');
  expect(cipher.encrypt(KEY, 'owner')).not.toBe(encrypted);
  expect(createSessionKeyCipher([other, secret]).decrypt(encrypted, 'owner')).toBe(KEY);
  expect(createSessionKeyCipher([other]).decrypt(encrypted, 'owner')).toBeNull();
  expect(cipher.decrypt(encrypted, 'another owner')).toBeNull();
  const [id = '', body = ''] = encrypted.split('.');
  const bytes = Buffer.from(body, 'base64url');
  for (const i of bytes.keys()) {
    const changed = Buffer.from(bytes);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(cipher.decrypt(`${id}.${changed.toString('base64url')}`, 'owner')).toBeNull();
    expect(cipher.decrypt(`${id}.${bytes.subarray(0, i).toString('base64url')}`, 'owner')).toBeNull();
  }
  for (const damaged of [cipher.encrypt('', 'owner'), '', id, `${id}.`, `.${body}`, body])
    expect(cipher.decrypt(damaged, 'owner')).toBeNull();
});

test('the two tables agree: the compiler finds a column that differs', () => {
  expectTypeOf<typeof mysqlUser.$inferSelect>().toEqualTypeOf<typeof sqliteUser.$inferSelect>();
  expectTypeOf<typeof mysqlUser.$inferInsert>().toEqualTypeOf<typeof sqliteUser.$inferInsert>();
});
