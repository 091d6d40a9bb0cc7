import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createSingleFlight } from '../src/common/single-flight.ts';
import { readConfig } from '../src/config/config.ts';
import { listen } from '../src/http/server.ts';
import { createCounterPool } from '../src/storage/counters.ts';
import { createMysqlPool, poolOptions } from '../src/storage/mysql-pool.ts';
import { openStorage, type Storage } from '../src/storage/open.ts';
import { withRetry } from '../src/storage/retry.ts';
import { openConnection } from '../src/storage/sqlite-connection.ts';
import { StorageError } from '../src/storage/storage-error.ts';
import { createAccessTokens } from '../src/wechat/access-token.ts';
import { createDataDecryptor } from '../src/wechat/encrypted-data.ts';
import { createPushReader } from '../src/wechat/push-messages.ts';
import { ENCRYPTED_SAMPLES } from './material/encrypted.ts';
import { PUSH_SAMPLES } from './material/pushes.ts';
import { SESSION_KEY_SECRET } from './support/canaries.ts';
import { DATABASES, MYSQL, runAnySql, runSql } from './support/databases.ts';
import { freePort } from './support/mariadb.ts';
import { environment, startProduct } from './support/product.ts';

/** Promises that changes of the source could break without a failing test, found by mutating it. */

async function openOn(url: string, now = Date.now, secret = SESSION_KEY_SECRET): Promise<Storage> {
  const storage = await openStorage(readConfig(environment({ DATABASE_URL: url })).database, [secret], {
    now,
  });
  await storage.migrate();
  return storage;
}

function identity(appId = 'wxcanary00000001', unionId?: string) {
  const openId = `o${randomBytes(20).toString('base64url')}`;
  return { appId, openId, sessionKey: 'Q0FOQVJZc2tzdXJ2aXZvcg==', unionId };
}

describe.each(DATABASES)('users on $name', (database) => {
  test('byId compares the whole id: no trailing space, no other case', async () => {
    const { users, close } = await openOn(await database.create());
    const { user } = await users.enrol(identity(), {});
    expect((await users.byId(user.id))?.id).toBe(user.id);
    for (const other of [`${user.id} `, user.id.toUpperCase(), ` ${user.id}`, user.id.slice(0, -1)])
      expect(await users.byId(other)).toBeNull();
    await close();
  });

  test('byIdOrOpenId finds by either, and nobody else', async () => {
    const { users, close } = await openOn(await database.create());
    const person = identity();
    const { user } = await users.enrol(person, {});
    await users.enrol(identity(), {});
    for (const known of [user.id, person.openId])
      expect((await users.byIdOrOpenId(known)).map(({ id }) => id)).toEqual([user.id]);
    expect(await users.byIdOrOpenId('nobody')).toEqual([]);
    expect(await users.count({})).toBe(2);
    await close();
  });

  test('a phone number that is in use is told from a database that fails', async () => {
    const url = await database.create();
    const { users, close } = await openOn(url);
    const [first, second] = [await users.enrol(identity(), {}), await users.enrol(identity(), {})];
    const phone = { number: '+8613800000000', countryCode: '86' };
    expect(await users.setPhone(first.user.id, phone)).toMatchObject({ phoneNumber: phone.number });
    expect(await users.setPhone(second.user.id, phone)).toBe('PHONE_IN_USE');
    await runAnySql(url, 'ALTER TABLE user RENAME TO elsewhere');
    await expect(users.setPhone(second.user.id, phone)).rejects.toMatchObject({ failure: 'FAULT' });
    await close();
  });

  test('nothing is in progress while no statement runs', async () => {
    const { load, ping, migrate, close } = await openOn(await database.create());
    await migrate();
    await ping();
    expect(load()).toEqual({ inUse: 0, waiting: 0 });
    await close();
  });

  test('revokeTokens of an old version leaves tokens that were issued since', async () => {
    const { users, close } = await openOn(await database.create());
    const { user } = await users.enrol(identity(), {});
    await users.revokeTokens(user.id, 0);
    await users.revokeTokens(user.id, 0);
    expect((await users.byId(user.id))?.tokenVersion).toBe(1);
    await close();
  });

  test('who was disabled and erased is disabled again at the next login, until an admin enables the account', async () => {
    const url = await database.create();
    const { users, close } = await openOn(url);
    const person = identity();
    const tombstones = () => runAnySql(url, 'SELECT id FROM user_tombstone');
    const first = await users.enrol(person, {});
    await users.erase(first.user);
    expect(await users.byId(first.user.id)).toBeNull();
    expect(await tombstones()).toEqual([]);
    const { user } = await users.enrol(person, {});
    expect(user.disabledAt).toBeNull();
    for (let round = 0; round < 2; round++) {
      const { user } = await users.enrol(person, {});
      const disabled = await users.setDisabled(user.id, true);
      if (!disabled) throw new Error('no user');
      await users.erase(disabled);
      expect(await tombstones()).toHaveLength(1);
      const again = await users.enrol(person, { city: 'Paris' });
      expect(again).toMatchObject({
        isNewUser: true,
        user: { disabledAt: disabled.disabledAt, city: 'Paris' },
      });
      await users.erase(again.user);
    }
    const last = await users.enrol(person, {});
    expect((await users.setDisabled(last.user.id, false))?.disabledAt).toBeNull();
    expect(await tombstones()).toEqual([]);
    await close();
  });

  test('disabling twice changes nothing the second time, nor does enabling', async () => {
    const clock = { now: Date.now() };
    const { users, close } = await openOn(await database.create(), () => clock.now);
    const { user } = await users.enrol(identity(), {});
    expect(await users.setDisabled(user.id, false)).toEqual(user);
    clock.now += 1000;
    const disabled = await users.setDisabled(user.id, true);
    const at = new Date(clock.now);
    expect(disabled).toEqual({ ...user, disabledAt: at, updatedAt: at, tokenVersion: 1 });
    clock.now += 1000;
    expect(await users.setDisabled(user.id, true)).toEqual(disabled);
    const enabled = await users.setDisabled(user.id, false);
    expect(enabled).toEqual({ ...disabled, disabledAt: null, updatedAt: new Date(clock.now) });
    for (const isDisabled of [true, false]) expect(await users.setDisabled('nobody', isDisabled)).toBeNull();
    await close();
  });

  test('a phone number that cannot be stored is not one that is in use', async () => {
    const url = await database.create();
    const { users, close } = await openOn(url);
    const { user } = await users.enrol(identity(), {});
    const body =
      database.name === 'MariaDB' ? "SIGNAL SQLSTATE '45000'" : "BEGIN SELECT RAISE(ABORT, 'no'); END";
    await runAnySql(url, `CREATE TRIGGER no BEFORE UPDATE ON user FOR EACH ROW ${body}`);
    await expect(
      users.setPhone(user.id, { number: '+85212345678', countryCode: '852' }),
    ).rejects.toMatchObject({ name: 'StorageError', failure: 'FAULT' });
    await close();
  });

  test('new secrets encrypt and decrypt from the next statement on, and recognize who was disabled', async () => {
    const url = await database.create();
    const { users, replaceSecrets, close } = await openOn(url);
    const [old, other] = [identity(), identity()];
    const first = await users.enrol(old, {});
    const next = 'another-secret-0123456789abcdefghij';
    replaceSecrets([next, SESSION_KEY_SECRET]);
    const second = await users.enrol(other, {});
    for (const { user } of [first, second]) expect(await users.sessionKey(user.id)).toBe(old.sessionKey);
    const disabled = await users.setDisabled(second.user.id, true);
    if (!disabled) throw new Error('no user');
    await users.erase(disabled);
    replaceSecrets([next]);
    expect(await users.sessionKey(first.user.id)).toBeNull();
    await close();
    const later = await openOn(url, Date.now, next);
    expect((await later.users.enrol(other, {})).user.disabledAt).toEqual(disabled.disabledAt);
    await later.close();
  });

  test('a database without the table of erased users is reported at start', async () => {
    const url = await database.create();
    const { check, close } = await openOn(url);
    await check();
    await runAnySql(url, 'ALTER TABLE user_tombstone RENAME TO elsewhere');
    await expect(check()).rejects.toMatchObject({ name: 'StorageError', failure: 'FAULT' });
    await close();
  });

  test('byUnionIds returns the oldest user first, however their ids are ordered', async () => {
    const clock = { now: Date.now() };
    const { users, close } = await openOn(await database.create(), () => clock.now);
    const unionId = `u${randomBytes(20).toString('base64url')}`;
    const [first, second, third] = ['c', 'a', 'b'].map(
      (letter) => `${letter.repeat(8)}-0000-7000-8000-000000000000`,
    );
    for (const [i, newId] of [first, second, third].entries()) {
      clock.now += 1000;
      await users.enrol({ ...identity(`wxcanary0000000${i}`, unionId), newId }, {});
    }
    expect((await users.byUnionIds([unionId])).map(({ id }) => id)).toEqual([first, second, third]);
    await close();
  });
});

test.each([
  ['a lock wait', 4, 'ER_LOCK_WAIT_TIMEOUT', true],
  ['a deadlock', 8, 'ER_LOCK_DEADLOCK', true],
  ['any other failure', 1, 'ER_NO_SUCH_TABLE', false],
])('a statement that ends with %s is tried %i times', async (_, attempts, code, retryable) => {
  let calls = 0;
  const failure = new StorageError('UNAVAILABLE', code, retryable);
  const run = withRetry(async () => {
    calls += 1;
    throw failure;
  });
  await expect(run).rejects.toBe(failure);
  expect(calls).toBe(attempts);
});

test('libSQL gets no parameter of a type that ends the process', () => {
  const connection = openConnection(':memory:');
  expect(connection.query('SELECT ?, ?, ?', ['a', 1, null])).toEqual([['a', 1, null]]);
  expect(() => connection.query('SELECT ?', [true])).toThrow('a parameter of a statement is a boolean');
  connection.close();
});

describe.skipIf(!MYSQL)('MySQL', () => {
  test('a migration that fails stops the start', async () => {
    const url = (await MYSQL?.create()) ?? '';
    await runSql(url, readFileSync('drizzle/mysql/0000_user.sql', 'utf8'));
    await runSql(url, 'ALTER TABLE user CHANGE phone_number phone varchar(20)');
    await expect(openOn(url)).rejects.toThrow(/ER_/);
  });

  /** Changes variables in the responses of the server; the value has as many characters as OFF. */
  const openThrough = async (names: readonly string[], value: string) => {
    const url = new URL((await MYSQL?.create()) ?? '');
    const serverPort = url.port;
    const proxy = createServer((client) => {
      const upstream = connect(Number(serverPort), url.hostname);
      client.pipe(upstream);
      upstream.on('data', (chunk) => {
        for (const name of names) {
          const at = chunk.indexOf(`${name}\x03OFF`);
          if (at >= 0) chunk.write(value, at + name.length + 1, 'latin1');
        }
        client.write(chunk);
      });
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
      client.on('close', () => upstream.destroy());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    url.port = String(port);
    const storage = await openOn(url.href);
    return { storage, close: () => storage.close().then(() => proxy.close()) };
  };

  test('a node of a cluster is ready while wsrep_ready is ON; without a cluster it does not matter', async () => {
    for (const [names, code] of [
      [['wsrep_on'], 'WSREP_NOT_READY'],
      [['wsrep_on', 'wsrep_ready'], undefined],
      [['wsrep_ready'], undefined],
      [[], undefined],
    ] as const) {
      const { storage, close } = await openThrough(names, 'ON ');
      const outcome = storage.ping().then(
        () => undefined,
        (error) => error.code,
      );
      expect([names, await outcome]).toEqual([names, code]);
      await close();
    }
  });
});

describe.skipIf(!MYSQL)('the pool of the counters', () => {
  test('uses a connection again unless a statement on it failed, and reports each failure', async () => {
    const { database } = readConfig(environment({ DATABASE_URL: (await MYSQL?.create()) ?? '' }));
    if (database.dialect !== 'mysql') throw new Error('not MySQL');
    const failures: string[] = [];
    const pool = createCounterPool(database, ({ code }) => failures.push(code));
    const run = (sql: string, ...values: unknown[]) =>
      new Promise((resolve, reject) => {
        pool.getConnection((error, connection) => {
          if (!connection) return reject(error);
          const done: Parameters<typeof connection.query>[1] = (failure: unknown, rows?: unknown) => {
            connection.release();
            return failure ? reject(failure) : resolve(rows);
          };
          if (values.length > 0) connection.query(sql, values, done);
          else connection.query(sql, done);
        });
      });
    const connectionId = () => run('SELECT CONNECTION_ID() AS id');
    const first = await connectionId();
    expect(await connectionId()).toEqual(first);
    expect(await run('SELECT ? AS id', 5)).toMatchObject([{ id: 5 }]);
    await expect(run('SELECT')).rejects.toMatchObject({ name: 'StorageError', code: 'ER_PARSE_ERROR' });
    expect(failures).toEqual(['ER_PARSE_ERROR']);
    expect(await connectionId()).not.toEqual(first);
    await pool.close();
    await expect(connectionId()).rejects.toMatchObject({ code: 'POOL_CLOSED' });
    expect(failures).toEqual(['ER_PARSE_ERROR', 'POOL_CLOSED']);
  });
});

describe.skipIf(!MYSQL)('the pool of MySQL', () => {
  test('destroys a connection with an overdue statement, so that the next one does not wait for it', async () => {
    const { database } = readConfig(environment({ DATABASE_URL: (await MYSQL?.create()) ?? '' }));
    if (database.dialect !== 'mysql') throw new Error('not MySQL');
    const pool = createMysqlPool({ ...database, poolSize: 1, timeoutMs: 1000 });
    await expect(pool.query('SELECT SLEEP(20)', [], true, 200)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await pool.query('SELECT 1', [], true)).toEqual([[1]]);
    await pool.close();
  });

  const openPool = async (more: Partial<Parameters<typeof createMysqlPool>[0]> = {}) => {
    const { database } = readConfig(environment({ DATABASE_URL: (await MYSQL?.create()) ?? '' }));
    if (database.dialect !== 'mysql') throw new Error('not MySQL');
    const pool = createMysqlPool({ ...database, poolSize: 1, timeoutMs: 1000, ...more });
    const connectionId = () => pool.query('SELECT CONNECTION_ID()', [], true);
    return { pool, database, connectionId };
  };

  test('says how many statements run and wait, also after some failed', async () => {
    const { pool } = await openPool();
    const idle = { inUse: 0, waiting: 0 };
    expect(pool.load()).toEqual(idle);
    const statements = ['SELECT SLEEP(0.3)', 'SELECT', 'SELECT 1'].map((sql) => pool.query(sql, [], true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pool.load()).toEqual({ inUse: 1, waiting: 2 });
    const overdue = pool.query('SELECT 1', [], true, 50);
    await expect(overdue).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(pool.load()).toEqual({ inUse: 1, waiting: 2 });
    const outcomes = await Promise.allSettled(statements);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(pool.load()).toEqual(idle);
    await pool.close();
  });

  test('prepares a session once for each connection', async () => {
    const { pool } = await openPool();
    await pool.query("SET SESSION sql_mode = ''", [], true);
    expect(await pool.query('SELECT @@sql_mode', [], true)).toEqual([['']]);
    await pool.close();
  });

  test('sets its SQL mode in each session', async () => {
    const { pool } = await openPool();
    const expected = [['STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION']];
    expect(await pool.query('SELECT @@sql_mode', [], true)).toEqual(expected);
    expect(await pool.execute('SELECT @@sql_mode', [])).toEqual(expected);
    await pool.close();
  });

  test('waits for the commits of other nodes where the server can; one that cannot is asked once', async () => {
    const { pool, database } = await openPool();
    const variables = 'SELECT @@wsrep_sync_wait, @@sql_mode';
    const mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';
    expect(await pool.query(variables, [], true)).toEqual([[7, mode]]);
    let asked = 0;
    const proxy = createServer((client) => {
      const upstream = connect(database.port, database.host);
      client.on('data', (chunk) => {
        const at = chunk.indexOf('SESSION wsrep_sync_wait');
        if (at >= 0) {
          asked += 1;
          chunk.write('SESSION unknown_setting', at, 'latin1');
        }
        upstream.write(chunk);
      });
      upstream.pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    const behind = createMysqlPool({ ...database, poolSize: 2, timeoutMs: 1000, port });
    for (let round = 0; round < 2; round++) {
      const rows = await Promise.all([1, 2].map(() => behind.query(`${variables}, SLEEP(0.1)`, [], true)));
      expect(rows).toEqual([[[0, mode, 0]], [[0, mode, 0]]]);
    }
    expect(asked).toBeLessThanOrEqual(2);
    const before = asked;
    await expect(behind.query('SELECT SLEEP(20)', [], true, 100)).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    await Promise.all([1, 2].map(() => behind.query('SELECT SLEEP(0.1)', [], true)));
    expect(asked).toBe(before);
    for (const open of [pool, behind]) await open.close();
    proxy.close();
  });

  test('waits for the commits of other nodes after a connection was lost, too', async () => {
    const { pool, database } = await openPool();
    let lost = 0;
    const proxy = createServer((client) => {
      const upstream = connect(database.port, database.host);
      client.on('data', (chunk) => {
        if (chunk.includes('wsrep_sync_wait = 7') && lost++ === 0) client.resetAndDestroy();
        else upstream.write(chunk);
      });
      upstream.pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
      client.on('close', () => upstream.destroy());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    const behind = createMysqlPool({ ...database, poolSize: 1, timeoutMs: 1000, port });
    const read = () => behind.query('SELECT @@wsrep_sync_wait', [], true);
    await expect(read()).rejects.toMatchObject({ failure: 'UNAVAILABLE', retryable: true });
    expect(await read()).toEqual([[7]]);
    for (const open of [pool, behind]) await open.close();
    proxy.close();
  });

  test('uses a connection again after a statement that failed, but not after one that was overdue', async () => {
    const { pool, connectionId } = await openPool();
    const first = await connectionId();
    await expect(pool.query('SELECT', [], true)).rejects.toMatchObject({ code: 'ER_PARSE_ERROR' });
    expect(await connectionId()).toEqual(first);
    await expect(pool.query('SELECT SLEEP(20)', [], true, 100)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await connectionId()).not.toEqual(first);
    await pool.close();
    await expect(connectionId()).rejects.toMatchObject({ failure: 'UNAVAILABLE', code: 'POOL_CLOSED' });
  });

  test('gives up waiting for a connection at the deadline, and uses the one that comes late', async () => {
    const { pool, connectionId } = await openPool();
    const slow = pool.query('SELECT SLEEP(0.4)', [], true);
    await expect(pool.query('SELECT 1', [], true, 100)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await slow;
    for (let i = 0; i < 2; i++) expect(await connectionId()).toHaveLength(1);
    await pool.close();
  });

  test('leaves a host that failed out for five seconds while another works', async () => {
    const { database } = await openPool();
    let connections = 0;
    let packets = 0;
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      connections += 1;
      sockets.add(client);
      client.on('data', () => {
        packets += 1;
      });
      const upstream = connect(database.port, '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => undefined);
    });
    const port = await freePort();
    const { host } = database;
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const pool = createMysqlPool({ ...database, port, fallbacks: [{ host, port: database.port }] });
      const ask = () => pool.query('SELECT 1', [], true);
      expect(await ask()).toEqual([[1]]);
      await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
      vi.advanceTimersByTime(4999);
      await ask();
      expect(connections).toBe(0);
      vi.advanceTimersByTime(1);
      await ask();
      expect(connections).toBe(1);
      const before = packets;
      await ask();
      expect(packets).toBe(before + 1);

      proxy.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await ask().catch(() => undefined);
      expect(await ask()).toEqual([[1]]);
      await pool.close();
    } finally {
      vi.useRealTimers();
    }
  });

  test('shares the deadline among its hosts: one that does not respond leaves time for the next', async () => {
    const { database } = await openPool();
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const { host } = database;
    const pool = createMysqlPool({
      ...database,
      port: typeof address === 'object' && address ? address.port : 0,
      fallbacks: [{ host, port: database.port }],
      timeoutMs: 800,
    });
    expect(await pool.query('SELECT 1', [], true)).toEqual([[1]]);
    await pool.close();
    silent.close();
  });

  test('verifies certificate and host name if TLS is required', async () => {
    const { database } = await openPool();
    expect(poolOptions({ ...database, ssl: true, poolSize: 1 })).toMatchObject({
      ssl: { minVersion: 'TLSv1.2', rejectUnauthorized: true, verifyIdentity: true },
      maxIdle: 1,
    });
    const options = poolOptions({ ...database, socketPath: '/run/mysqld.sock', poolSize: 10 });
    expect(options).toMatchObject({ socketPath: '/run/mysqld.sock', maxIdle: 2, timezone: 'Z' });
    expect(options).not.toHaveProperty('ssl');
    expect(poolOptions(database)).not.toHaveProperty('socketPath');
  });

  test('tries a deadlocked statement again, seven times at most', async () => {
    const url = (await MYSQL?.create()) ?? '';
    const { users, close } = await openOn(`${url}?poolSize=1`);
    const { user } = await users.enrol(identity(), {});
    const failing = (times: number) =>
      runSql(
        url,
        `CREATE OR REPLACE TRIGGER deadlock BEFORE UPDATE ON user FOR EACH ROW
          IF COALESCE(@failures, 0) < ${times} THEN
            SET @failures = COALESCE(@failures, 0) + 1;
            SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213;
          END IF`,
      );
    await failing(7);
    expect((await users.updateProfile(user.id, { city: 'Paris' }))?.city).toBe('Paris');
    await failing(15);
    await expect(users.updateProfile(user.id, { city: 'Rome' })).rejects.toMatchObject({
      failure: 'UNAVAILABLE',
      code: 'ER_LOCK_DEADLOCK',
    });
    await close();
  });
});

test('the session_key of a login with an Idempotency-Key is forgotten when the login succeeds', async () => {
  const { enrolOnce } = await import('../src/schema/idempotent-login.ts');
  const product = await startProduct('file::memory:');
  const { users } = product.app.storage;
  const key = ['wxcanary00000001', 'code', 'key'];
  const sessions = createSingleFlight<{ openId: string; sessionKey: string; newId: string }>({
    ttlMs: 60_000,
  });
  const session = { ...identity(), newId: users.newId() };
  const repeats = {
    sessions,
    logins: createSingleFlight<{ userId: string; tokenVersion: number; isNewUser: boolean }>({
      ttlMs: 60_000,
    }),
  };
  const attempt = { app: { appId: key[0] ?? '', secret: '' }, code: 'code', idempotencyKey: 'key' };
  const context = { repeats, users, wechat: { code2Session: async () => session } };
  await enrolOnce(context, attempt, (found) => users.enrol({ appId: key[0] ?? '', ...found }, {}));
  let asked = 0;
  await sessions.run(key, async () => {
    asked += 1;
    return session;
  });
  expect(asked).toBe(1);
  await product.close();
});

test('an access_token is replaced by force at most once in six hours, or 30 seconds after a refresh of others', async () => {
  const clock = { now: 0 };
  let forced = 0;
  let isShared = false;
  const tokens = createAccessTokens(
    async (_app, force) => {
      if (force) forced += 1;
      return { token: isShared ? 'token0' : `token${forced}`, expiresInSeconds: 7200 };
    },
    () => clock.now,
  );
  const app = { appId: 'wx1' };
  expect(await tokens.current(app)).toBe('token0');
  clock.now = 7 * 3_600_000;
  expect(await tokens.replace(app, 'token0')).toBe('token1');
  await expect(tokens.replace(app, 'token1')).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
  clock.now += 6 * 3_600_000 - 1;
  await expect(tokens.replace(app, 'token1')).rejects.toMatchObject({ code: 'WECHAT_UNAVAILABLE' });
  expect(forced).toBe(1);
  clock.now += 1;
  isShared = true;
  expect(await tokens.replace({ appId: 'wx2' }, 'token0')).toBe('token0');
  clock.now += 29_999;
  await expect(tokens.replace({ appId: 'wx2' }, 'token0')).rejects.toMatchObject({
    code: 'WECHAT_UNAVAILABLE',
  });
  clock.now += 1;
  isShared = false;
  expect(await tokens.replace({ appId: 'wx2' }, 'token0')).not.toBe('token0');
});

test('data with the watermark of another mini program is rejected', () => {
  const sample = ENCRYPTED_SAMPLES.find(({ valid }) => valid);
  if (!sample?.valid) throw new Error('no sample');
  const { sessionKey, encryptedData, iv, plaintext } = sample;
  const decryptor = createDataDecryptor(() => JSON.parse(plaintext).watermark.timestamp * 1000);
  const decrypt = (appId: string) =>
    decryptor.decrypt(z.looseObject({}), { encryptedData, iv }, sessionKey, appId).fault;
  expect([decrypt(sample.appId), decrypt('wxcanary00000001')]).toEqual([undefined, 'FOREIGN']);
});

test('a push that was encrypted for another AppID is rejected, with a valid signature', () => {
  const sample = PUSH_SAMPLES.find(({ aesKey, valid }) => aesKey && valid);
  if (!sample) throw new Error('no sample');
  const { token, aesKey, query, body } = sample;
  const appId = 'wxcanary00000001';
  const reader = createPushReader([{ appId, token, aesKey }], () => Number(query.timestamp) * 1000);
  expect(reader.read(appId, new URLSearchParams(query), body)).toBe('KEY_WRONG');
});

test('closing waits ten seconds for a request that does not arrive completely, then ends its connection', {
  timeout: 20_000,
}, async () => {
  const product = await startProduct('file::memory:');
  const http = { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000, shutdownDelayMs: 0 };
  const server = await listen(product.app, http);
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  await server.close();
  await ended;
  await product.close();
});
