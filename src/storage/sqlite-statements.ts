import { count, getTableColumns, type SQL } from 'drizzle-orm';
import { getTableConfig, SQLiteAsyncDialect, type SQLiteTable } from 'drizzle-orm/sqlite-core';
import { drizzle, type SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy';
import { createRowReader } from './row-reader.ts';
import type { TableVerbs } from './rows.ts';
import { createSqlWriter } from './sql-writer.ts';
import type { StatementSet } from './transactions.ts';
import { keyCondition, keyNames, refuseTransaction } from './verb-parts.ts';

/** Runs one statement; rejects with StorageError. */
export type SqliteExecutor = {
  /** Returns rows as arrays. */
  query(sql: string, params: readonly unknown[]): Promise<unknown[][]>;
  /** Returns how many rows were inserted, changed or removed. */
  change(sql: string, params: readonly unknown[]): Promise<number>;
};

export function drizzleOnSqlite(query: SqliteExecutor['query']): SqliteRemoteDatabase {
  return drizzle(async (sql, params, method) => {
    const rows = await query(sql, params);
    // Without a row Drizzle expects undefined, although its type says otherwise.
    return { rows: method === 'get' ? Reflect.get(rows, 0) : rows };
  });
}

/** @param queryOfDrizzle for statements that modules write with Drizzle themselves */
export function createSqliteStatements(
  executor: SqliteExecutor,
  queryOfDrizzle: SqliteExecutor['query'],
): StatementSet {
  const db = drizzleOnSqlite(queryOfDrizzle);
  db.transaction = refuseTransaction;
  db.batch = refuseTransaction;
  return { drizzle: { dialect: 'sqlite', db }, verbsOf: ({ sqlite }) => sqliteVerbs(executor, sqlite) };
}

const DIALECT = new SQLiteAsyncDialect();
/** Shared, because it caches the names of columns. */
const toQuery = createSqlWriter((part) => DIALECT.sqlToQuery(part));

function sqliteVerbs({ query, change }: SqliteExecutor, table: SQLiteTable): TableVerbs {
  const db = drizzleOnSqlite(query);
  const columns = getTableColumns(table);
  const reader = createRowReader(table, columns, toQuery);
  const primaryKey = keyNames(columns, getTableConfig(table).primaryKeys);

  const run = ({ sql, params }: { sql: string; params: unknown[] }) => change(sql, params);

  async function countRows(where: SQL | undefined): Promise<number> {
    const [row] = await db.select({ total: count() }).from(table).where(where);
    return row?.total ?? 0;
  }

  return {
    columns,
    primaryKey,
    async find(wanted) {
      const { sql, params } = reader.select(wanted);
      return (await query(sql, params)).map(reader.read);
    },
    count: countRows,
    countByKeys: (rows) => countRows(keyCondition(columns, primaryKey, rows)),
    insert: (rows) => run(db.insert(table).values(rows).toSQL()),
    update: (where, changes) => run(db.update(table).set(changes).where(where).toSQL()),
    remove: (where) => run(db.delete(table).where(where).toSQL()),
  };
}
