import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { createMysql } from '../src/storage/mysql.ts';
import { openStorage } from '../src/storage/open.ts';
import { createSessionKeyCipher } from '../src/storage/session-key.ts';
import { createSqlite } from '../src/storage/sqlite.ts';
import { StorageError } from '../src/storage/storage-error.ts';
import { createTombstoneIds } from '../src/storage/tombstones.ts';
import type { Profile } from '../src/storage/user-types.ts';
import { createUsers } from '../src/storage/users.ts';
import { SESSION_KEY_SECRET } from './support/canaries.ts';
import { DATABASES, runAnySql } from './support/databases.ts';
import { APP_ID, environment, SECOND_APP_ID } from './support/product.ts';

const KEY = 'Q0FOQVJZc2tiYXRjaGVzMQ==';
const OTHER_KEY = 'Q0FOQVJZc2tiYXRjaGVzMg==';
const DEADLOCK = new StorageError('UNAVAILABLE', 'ER_LOCK_DEADLOCK', true);
const DUPLICATE = new StorageError('DUPLICATE', 'ER_DUP_ENTRY');
const TIMEOUT = new StorageError('UNAVAILABLE', 'ETIMEDOUT');

function people(count: number): string[] {
  return Array.from({ length: count }, () => `o${randomBytes(20).toString('base64url')}`);
}

describe.each(DATABASES)('what is asked in one turn of the event loop on $name', (database) => {
  /** The users of a new database, whose statements are recorded, and fail before or after they are sent. */
  const openUsers = async () => {
    const url = await database.create();
    const options = readConfig(environment({ DATABASE_URL: url })).database;
    const storage = await openStorage(options, [SESSION_KEY_SECRET]);
    await storage.migrate();
    await storage.close();
    const dialect = options.dialect === 'mysql' ? createMysql(options) : await createSqlite(options);
    const { batches } = dialect.users;
    const clock = { now: Date.now() };
    const reads: (readonly string[])[] = [];
    const writes: string[][] = [];
    const faults = {
      read: (): StorageError | undefined => undefined,
      write: (_openIds: readonly string[]): StorageError | undefined => undefined,
      response: (): StorageError | undefined => undefined,
    };
    const recorded: typeof batches = {
      async findByIds(ids) {
        reads.push(ids);
        const fault = faults.read();
        if (fault) throw fault;
        return batches.findByIds(ids);
      },
      findByOpenIds: batches.findByOpenIds,
      async enrol(enrolments) {
        const openIds = enrolments.map(({ row }) => row.openId);
        writes.push(openIds);
        const fault = faults.write(openIds);
        if (fault) throw fault;
        await batches.enrol(enrolments);
        const lost = faults.response();
        if (lost) throw lost;
      },
    };
    const users = createUsers(
      { ...dialect.users, batches: recorded },
      {
        cipher: createSessionKeyCipher([SESSION_KEY_SECRET]),
        tombstoneIds: createTombstoneIds([SESSION_KEY_SECRET]),
        now: () => clock.now,
      },
    );
    const logIn = (openId: string, profile: Profile = {}, sessionKey = KEY, appId = APP_ID) =>
      users.enrol({ appId, openId, sessionKey }, profile);
    return { url, users, logIn, clock, reads, writes, faults, close: dialect.close };
  };

  test('reads share one statement, and a read of a later turn gets one of its own', async () => {
    const { users, logIn, reads, close } = await openUsers();
    const [a, b] = await Promise.all(people(2).map((openId) => logIn(openId)));
    if (!a || !b) throw new Error('no users');
    const ids = [a.user.id, b.user.id, a.user.id, 'nobody'];
    const found = await Promise.all(ids.map(users.byId));
    expect(found).toEqual([a.user, b.user, a.user, null]);
    expect(reads).toEqual([[a.user.id, b.user.id, 'nobody', 'nobody']]);

    const first = users.byId(a.user.id);
    await nextTurn();
    await users.updateProfile(a.user.id, { city: 'Paris' });
    const second = users.byId(a.user.id);
    await first;
    expect((await second)?.city).toBe('Paris');
    expect(reads).toHaveLength(4);
    await close();
  });

  test('a statement reads 64 users at most', async () => {
    const { users, logIn, reads, close } = await openUsers();
    const logins = await Promise.all(people(70).map((openId) => logIn(openId)));
    const ids = logins.map(({ user }) => user.id);
    const found = await Promise.all(ids.map(users.byId));
    expect(found.map((user) => user?.id)).toEqual(ids);
    expect(reads.map(({ length }) => length)).toEqual([64, 8]);
    await close();
  });

  test('a failed read rejects those who asked in this turn, and is sent again only after a rollback', async () => {
    const { users, logIn, reads, faults, close } = await openUsers();
    const [openId = ''] = people(1);
    const { user } = await logIn(openId);
    faults.read = () => TIMEOUT;
    const failed = await Promise.allSettled([users.byId(user.id), users.byId('nobody')]);
    expect(failed).toEqual(Array(2).fill({ status: 'rejected', reason: TIMEOUT }));
    expect(reads).toHaveLength(1);
    faults.read = () => (reads.length < 3 ? DEADLOCK : undefined);
    expect(await users.byId(user.id)).toEqual(user);
    expect(reads).toHaveLength(3);
    reads.length = 0;
    faults.read = () => DEADLOCK;
    await expect(users.byId(user.id)).rejects.toBe(DEADLOCK);
    expect(reads).toHaveLength(8);
    await close();
  });

  test('first logins share statements of 16 rows at most, in the order of their keys', async () => {
    const { logIn, writes, close } = await openUsers();
    const all = people(40);
    const logins = await Promise.all(all.map((openId) => logIn(openId)));
    expect(logins.map(({ user }) => user.openId)).toEqual(all);
    expect(logins.map(({ isNewUser }) => isNewUser)).toEqual(Array(40).fill(true));
    expect(writes.map(({ length }) => length)).toEqual([16, 16, 8]);
    expect(writes.flat()).toEqual(all.toSorted());
    await close();
  });

  test('a person who logs in twice is new once, and the last login counts', async () => {
    const { users, logIn, writes, close } = await openUsers();
    const [alice = '', bob = ''] = people(2);
    const logins = await Promise.all([
      logIn(alice, { nickName: 'first' }),
      logIn(bob),
      logIn(alice, { nickName: 'second' }, OTHER_KEY),
      logIn(alice, {}, KEY, SECOND_APP_ID),
    ]);
    expect(logins.map(({ isNewUser }) => isNewUser)).toEqual([true, true, false, true]);
    const [first, , second, elsewhere] = logins.map(({ user }) => user);
    expect(second).toMatchObject({ id: first?.id, nickName: 'second' });
    expect(elsewhere).toMatchObject({ appId: SECOND_APP_ID, nickName: null });
    expect(await users.sessionKey(first?.id ?? '')).toBe(OTHER_KEY);
    expect(writes).toHaveLength(4);
    await close();
  });

  test('a login without a unionid keeps the one that is known', async () => {
    const { users, logIn, close } = await openUsers();
    const [openId = ''] = people(1);
    const unionId = `u${openId.slice(1)}`;
    await users.enrol({ appId: APP_ID, openId, unionId, sessionKey: KEY }, {});
    expect((await logIn(openId)).user.unionId).toBe(unionId);
    await close();
  });

  test('a login changes the profile fields that it has, and no field of another', async () => {
    const { logIn, clock, close } = await openUsers();
    const [alice = '', bob = '', carol = ''] = people(3);
    for (const openId of [alice, bob, carol]) await logIn(openId, { nickName: 'old', city: 'old' });
    clock.now += 1000;
    const logins = await Promise.all([
      logIn(alice, { nickName: 'new' }),
      logIn(bob, { city: null }),
      logIn(carol),
    ]);
    expect(logins.map(({ user: { nickName, city } }) => [nickName, city])).toEqual([
      ['new', 'old'],
      ['old', null],
      ['old', 'old'],
    ]);
    for (const { user } of logins) expect(user.lastLoginAt.getTime()).toBe(clock.now);
    await close();
  });

  test.each([DEADLOCK, DUPLICATE])(
    'if a statement fails with $code, its logins are sent one by one',
    async (fault) => {
      const { logIn, writes, faults, close } = await openUsers();
      faults.write = ({ length }) => (length > 1 ? fault : undefined);
      const all = people(5);
      const logins = await Promise.all([...all, ...all].map((openId) => logIn(openId)));
      expect(logins.map(({ user }) => user.openId)).toEqual([...all, ...all]);
      const ids = logins.map(({ user }) => user.id);
      expect(ids.slice(5)).toEqual(ids.slice(0, 5));
      expect(logins.map(({ isNewUser }) => isNewUser)).toEqual([
        ...Array(5).fill(true),
        ...Array(5).fill(false),
      ]);
      expect(writes.map(({ length }) => length)).toEqual([5, 1, 1, 1, 1, 1, 5, 1, 1, 1, 1, 1]);
      await close();
    },
  );

  test('if the response of the database is lost, who is new is new once', async () => {
    const { logIn, writes, faults, close } = await openUsers();
    const [known = '', ...others] = people(6);
    await logIn(known);
    faults.response = () =>
      writes.length % 2 ? undefined : new StorageError('UNAVAILABLE', 'ECONNRESET', true);
    const logins = await Promise.all([known, ...others, known].map((openId) => logIn(openId)));
    expect(logins.map(({ isNewUser }) => isNewUser)).toEqual([false, ...Array(5).fill(true), false]);
    await close();
  });

  test('a row that the database rejects fails its login, and no other', async () => {
    const { url, logIn, close } = await openUsers();
    await runAnySql(
      url,
      url.startsWith('mysql:')
        ? `CREATE TRIGGER reject BEFORE INSERT ON user FOR EACH ROW
            IF NEW.city = 'Nowhere' THEN SIGNAL SQLSTATE '45000'; END IF`
        : `CREATE TRIGGER reject BEFORE INSERT ON user WHEN NEW.city = 'Nowhere'
            BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    const all = people(6).toSorted();
    const logins = await Promise.allSettled(
      all.map((openId, i) => logIn(openId, { city: i === 2 ? 'Nowhere' : 'Paris' })),
    );
    expect(logins.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, true, true]);
    expect(logins[2]).toMatchObject({ reason: { name: 'StorageError', failure: 'FAULT' } });
    await close();
  });

  test('while the database does not respond, each login waits for one statement', async () => {
    const { logIn, writes, faults, close } = await openUsers();
    const all = people(5).toSorted();
    faults.write = () => TIMEOUT;
    const failed = await Promise.allSettled(all.map((openId) => logIn(openId)));
    expect(failed).toEqual(Array(5).fill({ status: 'rejected', reason: TIMEOUT }));
    expect(writes).toEqual([all]);

    writes.length = 0;
    faults.write = ({ length }) => (length > 1 ? DEADLOCK : TIMEOUT);
    const next = await Promise.allSettled(all.map((openId) => logIn(openId)));
    expect(next).toEqual(Array(5).fill({ status: 'rejected', reason: TIMEOUT }));
    expect(writes).toEqual([all, [all[0]]]);
    await close();
  });

  test('a failure of some logins is none of the others', async () => {
    const { logIn, faults, close } = await openUsers();
    const [alice = '', bob = ''] = people(2);
    faults.write = (openIds) => (openIds.includes(alice) ? TIMEOUT : undefined);
    const [failed, succeeded] = await Promise.allSettled([logIn(alice, { city: 'Paris' }), logIn(bob)]);
    expect(failed).toEqual({ status: 'rejected', reason: TIMEOUT });
    expect(succeeded).toMatchObject({ status: 'fulfilled', value: { isNewUser: true } });
    await close();
  });

  test('the row of a disabled user stays as it is, among others that log in', async () => {
    const { url, users, logIn, clock, close } = await openUsers();
    const all = people(3);
    const logins = await Promise.all(all.map((openId) => logIn(openId, { city: 'Paris' })));
    const id = logins[1]?.user.id ?? '';
    const disabled = await users.setDisabled(id, true);
    const rowOf = () => runAnySql(url, `SELECT * FROM user WHERE id = '${id}'`);
    const before = await rowOf();
    clock.now += 1000;
    const again = await Promise.all(all.map((openId) => logIn(openId, { city: 'Rome' }, OTHER_KEY)));
    expect(again.map(({ user }) => user.city)).toEqual(['Rome', 'Paris', 'Rome']);
    expect(again[1]).toEqual({ user: disabled, isNewUser: false });
    expect(await rowOf()).toEqual(before);
    expect(await users.sessionKey(id)).toBe(KEY);
    await close();
  });
});
