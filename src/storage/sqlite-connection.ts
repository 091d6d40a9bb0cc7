import Database from 'libsql';
import { LRUCache } from 'lru-cache';
import { StorageError } from './storage-error.ts';

/** A connection to a libSQL file. All methods throw the driver's errors. */
export type SqliteConnection = {
  /** Runs one statement, a write in a transaction of its own; returns rows as arrays. */
  query(sql: string, params: readonly unknown[]): unknown[][];
  /** Runs a write in the same way; returns how many rows were inserted, changed or removed. */
  change(sql: string, params: readonly unknown[]): number;
  /** Until `commit` or `rollback`, all statements are in one transaction. */
  begin(): void;
  commit(): void;
  /** Does nothing if SQLite has ended the transaction. */
  rollback(): void;
  isInTransaction(): boolean;
  /** Runs statements without parameters in one transaction. */
  writeAll(statements: readonly string[]): void;
  close(): void;
};

/** SQLite blocks the event loop while it waits for a lock. So a statement that meets one fails, and the caller tries again. */
const BUSY_TIMEOUT_MS = 0;
const MAX_STATEMENTS = 200;
const SELECT = /^\s*select\b/i;

/**
 * Opens a libSQL file, or `:memory:`.
 *
 * A statement that meets a lock stays active in libSQL until it is garbage-collected, and as long as it is, other writes
 * of the connection are not committed, although they succeed. So a write begins with BEGIN IMMEDIATE by `exec`, which
 * leaves nothing behind when it meets a lock.
 */
export function openConnection(path: string): SqliteConnection {
  const database = openDatabase(path);
  let hasBegun = false;
  const statements = new LRUCache<string, Statement>({ max: MAX_STATEMENTS });

  function prepare(sql: string): Statement {
    const prepared = statements.get(sql) ?? prepareNew(database, sql);
    statements.set(sql, prepared);
    return prepared;
  }

  function run(sql: string, params: readonly unknown[]): unknown[][] {
    return prepare(sql).query(params.map(toValue));
  }

  function change(sql: string, params: readonly unknown[]): number {
    return prepare(sql).change(params.map(toValue));
  }

  function rollback(): void {
    hasBegun = false;
    if (database.inTransaction) database.exec('ROLLBACK');
  }

  function inTransaction<T>(write: () => T): T {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = write();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      rollback();
      throw error;
    }
  }

  return {
    query: (sql, params) =>
      SELECT.test(sql) || hasBegun ? run(sql, params) : inTransaction(() => run(sql, params)),
    change: (sql, params) => (hasBegun ? change(sql, params) : inTransaction(() => change(sql, params))),
    begin() {
      database.exec('BEGIN IMMEDIATE');
      hasBegun = true;
    },
    commit() {
      database.exec('COMMIT');
      hasBegun = false;
    },
    rollback,
    isInTransaction: () => database.inTransaction,
    writeAll: (sqls) =>
      inTransaction(() => {
        for (const sql of sqls) database.exec(sql);
      }),
    close() {
      statements.clear();
      database.close();
    },
  };
}

/** Runs a script on a connection of its own, which leaves no open file behind. */
export function runOnce(path: string, sql: string): void {
  const database = openDatabase(path);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

function openDatabase(path: string): Database.Database {
  try {
    return new Database(path, { timeout: BUSY_TIMEOUT_MS });
  } catch {
    // The driver's error has no code, and the path in its message.
    throw new StorageError('UNAVAILABLE', 'SQLITE_CANTOPEN');
  }
}

type Value = string | number | bigint | Uint8Array | null;

type Statement = {
  query(values: Value[]): unknown[][];
  change(values: Value[]): number;
};

function prepareNew(database: Database.Database, sql: string): Statement {
  const statement = database.prepare<Value[][]>(sql);
  const change = (values: Value[]) => statement.run(values).changes;
  if (!statement.reader) {
    return {
      query(values) {
        change(values);
        return [];
      },
      change,
    };
  }
  statement.raw(true);
  return { query: (values) => statement.all(values).filter((row) => Array.isArray(row)), change };
}

/** The driver ends the process when it gets a boolean. */
function toValue(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof Uint8Array) return value;
  throw new TypeError(`a parameter of a statement is a ${typeof value}`);
}
