import { closeSync, mkdirSync, openSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { and, count, eq, getTableColumns, inArray, sql } from 'drizzle-orm';
import { migrate } from 'drizzle-orm/sqlite-proxy/migrator';
import { packageFile } from '../common/package-file.ts';
import { type Dialect, type DialectSettings, MIGRATIONS_TABLE, READ_TABLES } from './dialect.ts';
import { observed } from './observed.ts';
import { withSafeRetry } from './retry.ts';
import { user, userTombstone } from './sqlite.schema.ts';
import { BUSY_LIMIT_MS, waitWhileBusy } from './sqlite-busy.ts';
import { openConnection, runOnce, type SqliteConnection } from './sqlite-connection.ts';
import { createSqliteStatements, drizzleOnSqlite, type SqliteExecutor } from './sqlite-statements.ts';
import { createSqliteTransactions } from './sqlite-transactions.ts';
import { BUSY, StorageError, toStorageError } from './storage-error.ts';
import { createTransactionScope } from './transaction-scope.ts';
import { createDatabase } from './transactions.ts';
import { createTurns } from './turns.ts';
import { createBatchStatements } from './user-batch-statements.ts';
import { readBuiltInRole, type TimeCodec, withReadRoles } from './user-row.ts';

/** A libSQL file, created with its folder if missing, or `:memory:`. */
export type SqliteOptions = { path: string };

export const IN_MEMORY = ':memory:';
/** With less space on the disk, writes fail soon. */
export const MIN_FREE_BYTES = 1024 * 1024;
const MIGRATIONS = fileURLToPath(packageFile('drizzle/sqlite'));

const { sessionKey: _, ...USER_COLUMNS } = getTableColumns(user);

/** Milliseconds since 1970. */
const TIMES: TimeCodec = { encode: (time) => time.getTime(), decode: (value) => new Date(Number(value)) };

export async function createSqlite(
  { path }: SqliteOptions,
  { onStatement, readRole = readBuiltInRole }: DialectSettings = {},
): Promise<Dialect> {
  const connection = await openFile(path);
  const inode = path === IN_MEMORY ? undefined : (await stat(path)).ino;

  const turns = createTurns();
  const scope = createTransactionScope();

  /** At once, or when the transaction that runs has ended. */
  function runInTurn<T>(run: () => T): Promise<T> {
    const runIfFree = () => {
      if (turns.isBusy()) throw new StorageError('UNAVAILABLE', 'SQLITE_BUSY');
      return run();
    };
    return turns.isBusy() ? waitForTurn(run, runIfFree) : waitWhileBusy(runIfFree);
  }

  /** Without keeping the turn while another process writes. */
  async function waitForTurn<T>(run: () => T, runIfFree: () => T): Promise<T> {
    scope.requireOutside();
    const leave = await turns.enter(BUSY_LIMIT_MS);
    try {
      return run();
    } catch (error) {
      if (!BUSY.test(toStorageError(error).code)) throw error;
    } finally {
      leave();
    }
    return waitWhileBusy(runIfFree);
  }

  const query = observed(
    (sql: string, params: readonly unknown[] = []) => runInTurn(() => connection.query(sql, params)),
    onStatement,
  );
  const change = observed(
    (sql: string, params: readonly unknown[]) => runInTurn(() => connection.change(sql, params)),
    onStatement,
  );
  const db = drizzleOnSqlite(query);

  function applyMigration(statements: readonly string[]): Promise<void> {
    return runInTurn(() => connection.writeAll(statements));
  }

  return {
    kind: 'sqlite',
    place: path,
    users: {
      columns: user,
      find: (where) => withReadRoles(db.select(USER_COLUMNS).from(user).where(where), readRole),
      page: (where, order, limit) =>
        withReadRoles(db.select(USER_COLUMNS).from(user).where(where).orderBy(order).limit(limit), readRole),
      sessionKeys: (where) =>
        db
          .select({ appId: user.appId, openId: user.openId, sessionKey: user.sessionKey })
          .from(user)
          .where(where),
      count: (where) => db.select({ total: count() }).from(user).where(where),
      update: (where, values) => db.update(user).set(values).where(where),
      remove: (where) => db.delete(user).where(where),
      batches: createBatchStatements({
        columns: user,
        readRole,
        times: TIMES,
        selectByIds: (ids) => db.select(USER_COLUMNS).from(user).where(inArray(user.id, ids)),
        selectByOpenIds: (openIds) =>
          db
            .select(USER_COLUMNS)
            .from(user)
            .where(and(eq(user.appId, ''), inArray(user.openId, openIds))),
        upsert: (rows, set) =>
          db
            .insert(user)
            .values(rows)
            .onConflictDoUpdate({ target: [user.appId, user.openId], set }),
        inserted: ({ name }) => sql`excluded.${sql.identifier(name)}`,
        tombstone: (ids) =>
          sql`(select max(${userTombstone.disabledAt}) from ${userTombstone} where ${inArray(userTombstone.id, ids)})`,
        run: query,
        refusal: () => (turns.isBusy() ? scope.refusal() : undefined),
      }),
      tombstones: {
        save: (id, disabledAt) =>
          db
            .insert(userTombstone)
            .values({ id, disabledAt })
            .onConflictDoUpdate({ target: userTombstone.id, set: { disabledAt } }),
        remove: (ids) => db.delete(userTombstone).where(inArray(userTombstone.id, [...ids])),
      },
    },
    database: createDatabase({
      scope,
      timeoutMs: BUSY_LIMIT_MS,
      statements(check) {
        const run: SqliteExecutor['query'] = async (sql, params) => {
          check();
          return query(sql, params);
        };
        return createSqliteStatements({ query: run, change }, (sql, params) =>
          withSafeRetry(sql, () => run(sql, params)),
        );
      },
      begin: createSqliteTransactions(connection, turns, onStatement),
    }),
    execute: query,
    async ping() {
      if (path === IN_MEMORY) await query(READ_TABLES);
      else await requireUsableFile(path, inode);
    },
    async columnsOf(table) {
      const rows = await query('SELECT name FROM pragma_table_info(?)', [table]);
      return rows.map(([name]) => String(name));
    },
    migrate: () =>
      migrate(db, applyMigration, {
        migrationsFolder: MIGRATIONS,
        migrationsTable: MIGRATIONS_TABLE,
      }),
    applyMigration,
    // Statements are run one by one, on the thread of the event loop.
    load: () => ({ inUse: 0, waiting: 0 }),
    async close() {
      connection.close();
    },
  };
}

/**
 * Statements still succeed when the file was replaced, and for a while from the cache when it was deleted or
 * overwritten, or the disk is full. So a new connection reads it. The file is never opened here: closing it would release
 * the locks of SQLite.
 * @throws {StorageError}
 */
async function requireUsableFile(path: string, inode: number | undefined): Promise<void> {
  try {
    const { size, ino } = await stat(path);
    if (ino !== inode) throw new StorageError('FAULT', 'FILE_REPLACED');
    if (size === 0) throw new StorageError('FAULT', 'SQLITE_NOTADB');
    const { bavail, bsize } = await statfs(dirname(path));
    if (bavail * bsize < MIN_FREE_BYTES) throw new StorageError('UNAVAILABLE', 'ENOSPC');
    await waitWhileBusy(() => runOnce(path, READ_TABLES));
  } catch (error) {
    throw toStorageError(error);
  }
}

async function openFile(path: string): Promise<SqliteConnection> {
  try {
    if (path !== IN_MEMORY) {
      createPrivateFile(path);
      await waitWhileBusy(() => runOnce(path, 'PRAGMA journal_mode = WAL'));
    }
    return openConnection(path);
  } catch (error) {
    throw toStorageError(error);
  }
}

/** A new file is readable by this account only; the mode of an existing one is kept. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}
