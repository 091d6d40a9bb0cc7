import { setTimeout as sleep } from 'node:timers/promises';
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Rows, Statements } from '../src/storage/database-types.ts';
import type { Storage } from '../src/storage/open.ts';
import { StorageError, storageErrorIn } from '../src/storage/storage-error.ts';
import { DATABASES, MYSQL, runAnySql, runSql } from './support/databases.ts';
import { NOTE_TABLES, NOTES, noteOf, openNotesStorage } from './support/notes.ts';
import { tsc } from './support/project.ts';
import { type Fate, startTcpProxy } from './support/tcp-proxy.ts';

const KEY = 'Q0FOQVJZc2tzdG9yYWdlMQ==';
const EDITOR = 'oEditorEditorEditorEditorEdi';
const USE_TX = 'the database was used inside database.transaction: use the `tx` of its work';

type Notes = Rows<typeof NOTE_TABLES.mysql>;

/** On either database; inserts with the id. */
function insertByDrizzle({ drizzle }: Pick<Statements, 'drizzle'>, id: string): Promise<unknown> {
  const row = noteOf(id);
  return drizzle.dialect === 'mysql'
    ? drizzle.db.insert(NOTE_TABLES.mysql).values(row).execute()
    : drizzle.db.insert(NOTE_TABLES.sqlite).values(row).execute();
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(DATABASES)('the tables of a module on $name', (database) => {
  let url: string;
  let storage: Storage;
  let notes: Notes;
  beforeAll(async () => {
    url = await database.create();
    storage = await openNotesStorage(url);
    // Before the table exists.
    notes = storage.database.rows(NOTE_TABLES);
    await storage.migrate([NOTES]);
  });
  afterAll(() => storage.close());

  const idsIn = async () =>
    JSON.parse(JSON.stringify(await runAnySql(url, 'SELECT id FROM notes_note ORDER BY id'))).map(
      ({ id }: { id: string }) => id,
    );
  const clear = () => runAnySql(url, 'DELETE FROM notes_note');

  test('rows are inserted, found, counted, updated and removed', async () => {
    await clear();
    await notes.insert(noteOf('a', '🐳'));
    await notes.insert([noteOf('b', null), noteOf('c')]);
    await notes.insert([]);
    const { id, text } = notes.columns;
    expect(await notes.find({ orderBy: asc(id) })).toEqual([
      noteOf('a', '🐳'),
      noteOf('b', null),
      noteOf('c'),
    ]);
    expect(await notes.find({ where: eq(id, 'b') })).toEqual([noteOf('b', null)]);
    const newest = await notes.find({ orderBy: [desc(text), desc(id)], limit: 2 });
    expect(newest).toHaveLength(2);
    expect(await notes.count()).toBe(3);
    expect(await notes.count(inArray(id, ['a', 'b', 'x']))).toBe(2);
    expect(await notes.update(inArray(id, ['a', 'b', 'x']), { text: 'new' })).toBe(2);
    // Also rows that had the values before.
    expect(await notes.update(eq(id, 'a'), { text: 'new' })).toBe(1);
    expect(await notes.update(eq(id, 'a'), {})).toBe(1);
    expect(await notes.update(eq(id, 'x'), { text: 'new' })).toBe(0);
    expect((await notes.find({ where: eq(id, 'b') }))[0]?.text).toBe('new');
    expect(await notes.remove(eq(id, 'x'))).toBe(0);
    await expect(notes.find({ limit: 1.5 })).rejects.toThrow('limit is 1.5: it must be a whole number');
    await expect(notes.remove(and())).rejects.toThrow('where is undefined, which would match all rows');
    await expect(notes.update(undefined, { text: 'all' })).rejects.toThrow('where is undefined');
    expect(await notes.remove(inArray(id, ['a', 'c']))).toBe(2);
    expect(await idsIn()).toEqual(['b']);
  });

  test('an insert of an existing row is DUPLICATE, and inserts none of the others', async () => {
    await clear();
    await notes.insert(noteOf('a'));
    await expect(notes.insert([noteOf('b'), noteOf('a')])).rejects.toMatchObject({
      name: 'StorageError',
      failure: 'DUPLICATE',
    });
    expect(await idsIn()).toEqual(['a']);
  });

  test('an error of Drizzle itself wraps a StorageError', async () => {
    await clear();
    await insertByDrizzle(storage.database, 'a');
    const error = await errorOf(insertByDrizzle(storage.database, 'a'));
    expect(error).not.toBeInstanceOf(StorageError);
    expect(storageErrorIn(error)).toMatchObject({ failure: 'DUPLICATE' });
    expect(storageErrorIn(new Error('of a team', { cause: error }))).toMatchObject({ failure: 'DUPLICATE' });
    expect(storageErrorIn(new Error('other'))).toBeUndefined();
    expect(storageErrorIn('text')).toBeUndefined();
  });

  test('Drizzle itself joins, and its own transaction is refused', async () => {
    await clear();
    await notes.insert(noteOf('a'));
    const { drizzle } = storage.database;
    const rows =
      drizzle.dialect === 'mysql'
        ? await drizzle.db.select().from(NOTE_TABLES.mysql).where(eq(NOTE_TABLES.mysql.id, 'a'))
        : await drizzle.db.select().from(NOTE_TABLES.sqlite).where(eq(NOTE_TABLES.sqlite.id, 'a'));
    expect(rows).toEqual([noteOf('a')]);
    expect('transaction' in drizzle.db).toBe(true);
    const transaction: unknown = Reflect.get(drizzle.db, 'transaction');
    if (typeof transaction !== 'function') throw new Error('no transaction');
    await expect(transaction.call(drizzle.db, async () => 1)).rejects.toThrow('use database.transaction');
    if (drizzle.dialect === 'sqlite')
      expect(
        await drizzle.db.select().from(NOTE_TABLES.sqlite).where(eq(NOTE_TABLES.sqlite.id, 'x')).get(),
      ).toBeUndefined();
  });

  test('a transaction commits all, returns what its work returns, and reads its own writes', async () => {
    await clear();
    const result = await storage.database.transaction(async (tx) => {
      const inside = tx.rows(NOTE_TABLES);
      await inside.insert(noteOf('a'));
      await insertByDrizzle(tx, 'b');
      expect(await inside.update(eq(inside.columns.id, 'b'), { text: 'changed' })).toBe(1);
      return inside.count();
    });
    expect(result).toBe(2);
    expect(await idsIn()).toEqual(['a', 'b']);
  });

  test('an error of the work rolls everything back and is thrown unchanged; one of a statement is a StorageError', async () => {
    await clear();
    const own = new Error('of the team', { cause: new StorageError('UNAVAILABLE', 'X', true) });
    let calls = 0;
    const failing = storage.database.transaction(async (tx) => {
      calls += 1;
      await tx.rows(NOTE_TABLES).insert(noteOf('a'));
      throw own;
    });
    await expect(failing).rejects.toBe(own);
    expect(calls).toBe(1);
    const duplicate = storage.database.transaction(async (tx) => {
      await insertByDrizzle(tx, 'a');
      await insertByDrizzle(tx, 'a');
    });
    expect(await errorOf(duplicate)).toMatchObject({ name: 'StorageError', failure: 'DUPLICATE' });
    expect(await idsIn()).toEqual([]);
  });

  test('a work may go on after DUPLICATE', async () => {
    await clear();
    await storage.database.transaction(async (tx) => {
      const inside = tx.rows(NOTE_TABLES);
      await inside.insert(noteOf('a'));
      await errorOf(inside.insert(noteOf('a')));
      await inside.insert(noteOf('b'));
    });
    expect(await idsIn()).toEqual(['a', 'b']);
  });

  test('50 failing transactions keep no connection', async () => {
    const small = await openNotesStorage(url.startsWith('mysql:') ? `${url}?poolSize=2` : url);
    const fail = (i: number) =>
      errorOf(
        small.database.transaction(async (tx) => {
          await tx.rows(NOTE_TABLES).count();
          throw new Error(`no ${i}`);
        }),
      );
    const errors = await Promise.all(Array.from({ length: 50 }, (_, i) => fail(i)));
    expect(errors.map(String)).toEqual(Array.from({ length: 50 }, (_, i) => `Error: no ${i}`));
    expect(small.load()).toEqual({ inUse: 0, waiting: 0 });
    expect(await small.database.rows(NOTE_TABLES).count()).toBeGreaterThanOrEqual(0);
    await small.close();
  });

  test('the outer database is refused inside a transaction at once, also after awaiting', async () => {
    await clear();
    const { database } = storage;
    const captured = database.drizzle;
    const uses: (() => Promise<unknown>)[] = [
      () => notes.count(),
      () => notes.insert(noteOf('x')),
      () => notes.remove(eq(notes.columns.id, 'x')),
      () => database.transaction(async () => 1),
      async () => database.drizzle,
      async () => {
        await sleep(1);
        return database.rows(NOTE_TABLES).find();
      },
      () => insertByDrizzle({ drizzle: captured }, 'x'),
    ];
    for (const use of uses) {
      const failing = database.transaction(async (tx) => {
        await tx.rows(NOTE_TABLES).insert(noteOf('a'));
        return use();
      });
      await expect(failing).rejects.toThrow(USE_TX);
    }
    expect(await idsIn()).toEqual([]);
    // What began inside may use it when the transaction has ended.
    const later = await database.transaction(async () => ({ count: sleep(20).then(() => notes.count()) }));
    await Promise.all([database.transaction(() => sleep(60)), later.count]);
    expect(await later.count).toBe(0);
  });

  test('after the end of its transaction, tx is refused', async () => {
    await clear();
    const tx = await storage.database.transaction(async (open) => open);
    await expect(tx.rows(NOTE_TABLES).insert(noteOf('a'))).rejects.toThrow('the transaction has ended');
    expect(() => tx.drizzle).toThrow('the transaction has ended');
    expect(await idsIn()).toEqual([]);
  });

  test('a work that takes too long is rolled back: ETIMEDOUT', async () => {
    await clear();
    let late: Promise<unknown> | undefined;
    const start = performance.now();
    const slow = storage.database.transaction(
      async (tx) => {
        const inside = tx.rows(NOTE_TABLES);
        await inside.insert(noteOf('a'));
        await sleep(400);
        late = errorOf(inside.insert(noteOf('b')));
        await late;
      },
      { timeoutMs: 200 },
    );
    await expect(slow).rejects.toMatchObject({
      name: 'StorageError',
      failure: 'UNAVAILABLE',
      code: 'ETIMEDOUT',
    });
    expect(performance.now() - start).toBeLessThan(390);
    await sleep(250);
    expect(await late).toMatchObject({ name: 'TransactionMisuse' });
    expect(await idsIn()).toEqual([]);
    expect(storage.load()).toEqual({ inUse: 0, waiting: 0 });
    await notes.insert(noteOf('c'));
  });

  test('two transactions that wait for each other both succeed', async () => {
    await clear();
    await notes.insert([noteOf('a', '0'), noteOf('b', '0')]);
    let calls = 0;
    const change = (first: string, second: string) =>
      storage.database.transaction(async (tx) => {
        calls += 1;
        const inside = tx.rows(NOTE_TABLES);
        await inside.update(eq(inside.columns.id, first), { text: `${first}${second}` });
        await sleep(100);
        await inside.update(eq(inside.columns.id, second), { text: `${first}${second}` });
      });
    await Promise.all([change('a', 'b'), change('b', 'a')]);
    expect(calls).toBe(url.startsWith('mysql:') ? 3 : 2);
    const [a, b] = await notes.find({ orderBy: asc(notes.columns.id) });
    expect(a?.text).toBe(b?.text);
  });

  test('a work that hides the deadlock is repeated too', async () => {
    if (!url.startsWith('mysql:')) return;
    await clear();
    await notes.insert([noteOf('a', '0'), noteOf('b', '0')]);
    const change = (first: string, second: string) => {
      let attempt = 0;
      return storage.database.transaction(async (tx) => {
        attempt += 1;
        const inside = tx.rows(NOTE_TABLES);
        await inside.update(eq(inside.columns.id, first), { text: `${first}${second}` });
        await sleep(100);
        await errorOf(inside.update(eq(inside.columns.id, second), { text: `${first}${second}` }));
        await errorOf(inside.insert(noteOf(`${first}${second}`, `attempt ${attempt}`)));
      });
    };
    await Promise.all([change('a', 'b'), change('b', 'a')]);
    const [a, ab, b, ba] = await notes.find({ orderBy: asc(notes.columns.id) });
    expect(a?.text).toBe(b?.text);
    // A row of the first attempt would have been committed alone.
    expect([ab?.text, ba?.text].sort()).toEqual(['attempt 1', 'attempt 2']);
  });

  test('statements from outside succeed meanwhile, our own too', async () => {
    await clear();
    const { user } = await storage.users.enrol({ appId: 'wx', openId: 'o', sessionKey: KEY }, {});
    let isOver = false;
    const transaction = storage.database
      .transaction(async (tx) => {
        await tx.rows(NOTE_TABLES).insert(noteOf('a'));
        await sleep(150);
        return 'done';
      })
      .finally(() => {
        isOver = true;
      });
    await sleep(50);
    const outside = Promise.all([
      storage.users.byId(user.id),
      notes.insert(noteOf('b')),
      storage.users.updateProfile(user.id, { city: 'Rome' }),
      storage.database.transaction(async (tx) => tx.rows(NOTE_TABLES).count()),
    ]);
    const [read, , , count] = await outside;
    expect(read?.id).toBe(user.id);
    expect(isOver || url.startsWith('mysql:')).toBe(true);
    expect(await transaction).toBe('done');
    if (!url.startsWith('mysql:')) expect(count).toBe(2);
    expect(await idsIn()).toEqual(['a', 'b']);
  });

  test('our own statements inside a transaction: refused on libSQL, where they would wait for it', async () => {
    const { user } = await storage.users.enrol({ appId: 'wx', openId: 'o', sessionKey: KEY }, {});
    const uses = [
      () => storage.users.byId(user.id),
      () => storage.users.enrol({ appId: 'wx', openId: 'o', sessionKey: KEY }, {}),
      () => storage.users.byOpenId('wx', 'o'),
      () => storage.users.setRole(user.id, 'USER'),
    ];
    for (const use of uses) {
      // A batch of others must not be refused with it.
      const result = storage.database.transaction(async () => {
        await sleep(5);
        return use();
      });
      await sleep(5);
      const other = storage.users.byId(user.id);
      if (url.startsWith('mysql:')) await result;
      else await expect(result).rejects.toThrow(USE_TX);
      expect((await other)?.id).toBe(user.id);
    }
  });

  test('a stored role that nobody declares is read as USER, or as readRole says', async () => {
    const { user } = await storage.users.enrol({ appId: 'wx', openId: EDITOR, sessionKey: KEY }, {});
    await runAnySql(url, `UPDATE user SET role = 'EDITOR' WHERE open_id = '${EDITOR}'`);
    const rolesOf = async ({ users }: Storage) => [
      (await users.byId(user.id))?.role,
      (await users.byOpenId('wx', EDITOR))?.role,
      (await users.page({ limit: 9, filter: { search: EDITOR } }))[0]?.role,
      (await users.enrol({ appId: 'wx', openId: EDITOR, sessionKey: KEY }, {})).user.role,
    ];
    expect(await rolesOf(storage)).toEqual(['USER', 'USER', 'USER', 'USER']);
    const withEditors = await openNotesStorage(url, {}, (stored) => (stored === 'EDITOR' ? 'ADMIN' : 'USER'));
    expect(await rolesOf(withEditors)).toEqual(['ADMIN', 'ADMIN', 'ADMIN', 'ADMIN']);
    await withEditors.close();
  });
});

describe.skipIf(!MYSQL)('on MySQL', () => {
  let url: string;
  let storage: Storage;
  beforeAll(async () => {
    url = (await MYSQL?.create()) ?? '';
    storage = await openNotesStorage(url);
    await storage.migrate([NOTES]);
  });
  afterAll(() => storage.close());

  const count = async () => storage.database.rows(NOTE_TABLES).count();

  /** A storage whose connections are lost at the first chunk with this text. */
  const openThrough = async (text: string, fate: Fate, times = 1) => {
    let cuts = 0;
    const proxy = await startTcpProxy(Number(new URL(url).port), (chunk) => {
      if (!chunk.includes(text) || cuts >= times) return undefined;
      cuts += 1;
      return fate;
    });
    const behind = await openNotesStorage(`${url.replace(/@[^/]+/, `@127.0.0.1:${proxy.port}`)}?poolSize=2`);
    return {
      database: behind.database,
      load: behind.load,
      cuts: () => cuts,
      async close() {
        await behind.close();
        proxy.close();
      },
    };
  };

  test.each([
    ['START TRANSACTION', 'REQUEST'],
    ['insert into `notes_note`', 'REQUEST'],
    ['insert into `notes_note`', 'RESPONSE'],
  ] as const)('a connection lost before COMMIT (%s, %s): all is repeated', async (text, fate) => {
    const before = await count();
    const behind = await openThrough(text, fate);
    let calls = 0;
    await behind.database.transaction(async (tx) => {
      calls += 1;
      await tx.rows(NOTE_TABLES).insert(noteOf(`${text.length}${fate}`));
    });
    expect(behind.cuts()).toBe(1);
    expect(calls).toBe(text.startsWith('START') ? 1 : 2);
    expect(await count()).toBe(before + 1);
    expect(behind.load()).toEqual({ inUse: 0, waiting: 0 });
    await behind.close();
  });

  test.each(['REQUEST', 'RESPONSE'] as const)(
    'a connection lost during COMMIT (%s) is not repeated: its outcome is unknown',
    async (fate) => {
      const before = await count();
      const behind = await openThrough('COMMIT', fate);
      let calls = 0;
      const lost = behind.database.transaction(async (tx) => {
        calls += 1;
        await tx.rows(NOTE_TABLES).insert(noteOf(`commit ${fate}`));
      });
      await expect(lost).rejects.toMatchObject({
        name: 'StorageError',
        failure: 'UNAVAILABLE',
        retryable: false,
      });
      expect(calls).toBe(1);
      await sleep(50);
      expect(await count()).toBe(before + (fate === 'RESPONSE' ? 1 : 0));
      expect(behind.load()).toEqual({ inUse: 0, waiting: 0 });
      await behind.close();
    },
  );

  test.each(['REQUEST', 'RESPONSE'] as const)(
    'a single insert whose connection is lost (%s) is done once',
    async (fate) => {
      const before = await count();
      const behind = await openThrough('insert into `notes_note`', fate);
      await behind.database.rows(NOTE_TABLES).insert([noteOf(`one ${fate}`), noteOf(`two ${fate}`)]);
      expect(behind.cuts()).toBe(1);
      expect(await count()).toBe(before + 2);
      await behind.close();
    },
  );

  test('a lost insert that collides with another row is DUPLICATE', async () => {
    const behind = await openThrough('insert into `notes_note`', 'REQUEST');
    await storage.database.rows(NOTE_TABLES).insert(noteOf('taken'));
    const lost = behind.database.rows(NOTE_TABLES).insert([noteOf('free'), noteOf('taken')]);
    await expect(lost).rejects.toMatchObject({ failure: 'DUPLICATE' });
    await behind.close();
  });

  test('an insert by Drizzle itself is not sent twice, a select is', async () => {
    const behind = await openThrough('notes_note', 'REQUEST');
    expect(storageErrorIn(await errorOf(insertByDrizzle(behind.database, 'raw')))).toMatchObject({
      isLost: true,
    });
    await behind.close();
    const reading = await openThrough('notes_note', 'REQUEST');
    const { drizzle } = reading.database;
    if (drizzle.dialect === 'mysql')
      expect(await drizzle.db.select().from(NOTE_TABLES.mysql).limit(1)).toHaveLength(1);
    expect(reading.cuts()).toBe(1);
    await reading.close();
  });

  test('a lock that another program holds: ETIMEDOUT in time, and the connection is destroyed', async () => {
    const notes = storage.database.rows(NOTE_TABLES);
    await notes.insert(noteOf('locked'));
    let blocked: unknown;
    await storage.database.transaction(async (tx) => {
      await tx.rows(NOTE_TABLES).update(eq(notes.columns.id, 'locked'), { text: 'mine' });
      const other = await openNotesStorage(`${url}?poolSize=1`);
      const waiting = other.database.transaction(
        async (inner) => inner.rows(NOTE_TABLES).update(eq(notes.columns.id, 'locked'), { text: 'theirs' }),
        { timeoutMs: 200 },
      );
      blocked = await errorOf(waiting);
      expect(other.load()).toEqual({ inUse: 0, waiting: 0 });
      expect(await other.database.rows(NOTE_TABLES).count()).toBeGreaterThan(0);
      await other.close();
    });
    expect(blocked).toMatchObject({ failure: 'UNAVAILABLE', code: 'ETIMEDOUT' });
  });

  test('a single statement has a deadline', async () => {
    const other = await openNotesStorage(url, { DATABASE_TIMEOUT_MS: '200' });
    const notes = other.database.rows(NOTE_TABLES);
    await notes.insert(noteOf('slow'));
    const slow = notes.find({ where: sql`sleep(2) = 0` });
    await expect(slow).rejects.toMatchObject({ name: 'StorageError', code: 'ETIMEDOUT' });
    await other.close();
  });

  test.each([
    ['START TRANSACTION', 1047, 0],
    ['START TRANSACTION', 1290, 0],
    ['START TRANSACTION', 1234, 0],
    ['COMMIT', 1047, 12],
    ['COMMIT', 1234, 12],
  ] as const)(
    '%s refused with error %i, again and again: no connection is lost',
    async (text, errno, calls) => {
      const before = await count();
      const behind = await openThrough(text, errorPacket(errno), Number.POSITIVE_INFINITY);
      let called = 0;
      const attempt = (i: number) =>
        errorOf(
          behind.database.transaction(async (tx) => {
            called += 1;
            await tx.rows(NOTE_TABLES).insert(noteOf(`refused ${i}`));
          }),
        );
      const errors = await Promise.all(Array.from({ length: 12 }, (_, i) => attempt(i)));
      expect(errors.filter((error) => error instanceof StorageError)).toHaveLength(12);
      expect(called).toBe(calls);
      expect(behind.load()).toEqual({ inUse: 0, waiting: 0 });
      expect(await count()).toBe(before);
      expect(
        await Promise.all(Array.from({ length: 5 }, () => behind.database.rows(NOTE_TABLES).count())),
      ).toEqual(Array.from({ length: 5 }, () => before));
      await behind.close();
    },
  );

  test.each([
    ['START TRANSACTION', 1047],
    ['COMMIT', 1213],
    ['COMMIT', 1180],
    ['insert into `notes_note`', 1205],
    ['insert into `notes_note`', 1213],
  ])('%s refused twice with error %i: all is repeated, and done once', async (text, errno) => {
    const before = await count();
    const behind = await openThrough(text, errorPacket(errno), 2);
    await behind.database.transaction((tx) =>
      tx.rows(NOTE_TABLES).insert(noteOf(`again ${text.length} ${errno}`)),
    );
    expect(behind.cuts()).toBe(2);
    expect(await count()).toBe(before + 1);
    expect(behind.load()).toEqual({ inUse: 0, waiting: 0 });
    await behind.close();
  });

  test('a connection killed inside the transaction is replaced', async () => {
    let calls = 0;
    await storage.database.transaction(async (tx) => {
      calls += 1;
      const { drizzle } = tx;
      if (drizzle.dialect !== 'mysql') throw new Error('MySQL only');
      await insertByDrizzle(tx, 'killed');
      if (calls === 1) {
        const rows = await drizzle.db.execute(sql`SELECT connection_id() AS id`);
        const [[{ id }]] = JSON.parse(JSON.stringify(rows));
        await runSql(url, `KILL ${id}`);
      }
      await tx.rows(NOTE_TABLES).count();
    });
    expect(calls).toBe(2);
    expect(await storage.database.rows(NOTE_TABLES).count(sql`id = 'killed'`)).toBe(1);
  });
});

test('the compiler rejects wrong values, and says how two tables differ', async () => {
  const { output } = await tsc('test/types/modules');
  const errors = output.split(/\n(?=\S)/).filter((text) => text.trim() !== '');
  const messages = errors.map((text) => /required in type '\{ error: "([^"]*)"; \}'/.exec(text)?.[1] ?? text);
  expect(messages).toEqual([
    'The SQLite table lacks the column text.',
    'The MySQL table lacks the column more.',
    'The column text is nullable in one of the two tables only.',
    'The column text has another type in the SQLite table.',
    'The column id has a default in one of the two tables only.',
  ]);
});

/** The response of a server that refuses a statement. */
function errorPacket(errno: number): Buffer {
  const body = Buffer.from([0xff, errno & 0xff, errno >> 8, ...Buffer.from('#HY000refused')]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 1]), body]);
}
