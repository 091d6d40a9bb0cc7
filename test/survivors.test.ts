import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createSingleFlight } from '../src/common/single-flight.ts';
import { readConfig } from '../src/config/config.ts';
import { listen } from '../src/http/server.ts';
import { createMysqlPool } from '../src/storage/mysql-pool.ts';
import { openStorage, type Storage } from '../src/storage/open.ts';
import { createAccessTokens } from '../src/wechat/access-token.ts';
import { createDataDecryptor } from '../src/wechat/encrypted-data.ts';
import { createPushReader } from '../src/wechat/push-messages.ts';
import { ENCRYPTED_SAMPLES } from './material/encrypted.ts';
import { PUSH_SAMPLES } from './material/pushes.ts';
import { SESSION_KEY_SECRET } from './support/canaries.ts';
import { DATABASES, MYSQL, runSql } from './support/databases.ts';
import { environment, startProduct } from './support/product.ts';

/** Promises that changes of the source could break without a failing test, found by mutating it. */

async function openOn(url: string, now = Date.now): Promise<Storage> {
  const storage = await openStorage(
    readConfig(environment({ DATABASE_URL: url })).database,
    [SESSION_KEY_SECRET],
    now,
  );
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

  test('revokeTokens of an old version leaves tokens that were issued since', async () => {
    const { users, close } = await openOn(await database.create());
    const { user } = await users.enrol(identity(), {});
    await users.revokeTokens(user.id, 0);
    await users.revokeTokens(user.id, 0);
    expect((await users.byId(user.id))?.tokenVersion).toBe(1);
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

describe.skipIf(!MYSQL)('the pool of MySQL', () => {
  test('destroys a connection with an overdue statement, so that the next one does not wait for it', async () => {
    const { database } = readConfig(environment({ DATABASE_URL: (await MYSQL?.create()) ?? '' }));
    if (database.dialect !== 'mysql') throw new Error('not MySQL');
    const pool = createMysqlPool({ ...database, poolSize: 1, timeoutMs: 1000 });
    await expect(pool.query('SELECT SLEEP(20)', [], true, 200)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await pool.query('SELECT 1', [], true)).toEqual([[1]]);
    await pool.close();
  });

  test('tries a deadlocked statement again, three times at most', async () => {
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
    await failing(3);
    expect((await users.updateProfile(user.id, { city: 'Paris' }))?.city).toBe('Paris');
    await failing(100);
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
