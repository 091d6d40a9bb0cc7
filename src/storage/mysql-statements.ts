import { count, getTableColumns, is, type SQL } from 'drizzle-orm';
import {
  getTableConfig,
  type MySqlColumn,
  MySqlDateTime,
  MySqlDialect,
  type MySqlTable,
  MySqlTimestamp,
} from 'drizzle-orm/mysql-core';
import { drizzle, type MySqlRemoteDatabase } from 'drizzle-orm/mysql-proxy';
import { createRowReader } from './row-reader.ts';
import type { TableVerbs } from './rows.ts';
import { createSqlWriter } from './sql-writer.ts';
import type { StatementSet } from './transactions.ts';
import { keyCondition, keyNames, refuseTransaction, rowsOf } from './verb-parts.ts';

/** Runs one statement; rejects with StorageError. */
export type MysqlQuery = (sql: string, values: readonly unknown[], rowsAsArray: boolean) => Promise<unknown>;

export function drizzleOnMysql(query: MysqlQuery): MySqlRemoteDatabase {
  return drizzle(async (sql, params, method) => {
    const result = await query(sql, params, method === 'all');
    return { rows: method === 'all' && Array.isArray(result) ? result : [result] };
  });
}

/** Runs one prepared statement; returns rows as arrays, and times as Date. */
export type MysqlExecute = (sql: string, values: readonly string[]) => Promise<unknown>;

export type MysqlRunners = {
  query: MysqlQuery;
  /** Undefined on the connection of a transaction. */
  execute?: MysqlExecute | undefined;
  /** For statements that modules write with Drizzle themselves. */
  queryOfDrizzle: MysqlQuery;
};

export function createMysqlStatements({ query, execute, queryOfDrizzle }: MysqlRunners): StatementSet {
  const ours = drizzleOnMysql(query);
  const db = drizzleOnMysql(queryOfDrizzle);
  db.transaction = refuseTransaction;
  return {
    drizzle: { dialect: 'mysql', db },
    verbsOf: ({ mysql }) => mysqlVerbs(ours, { query, execute }, mysql),
  };
}

const DIALECT = new MySqlDialect();
/** Shared, because it caches the names of columns. */
const toQuery = createSqlWriter((part) => DIALECT.sqlToQuery(part));

function mysqlVerbs(
  db: MySqlRemoteDatabase,
  { query, execute }: Pick<MysqlRunners, 'query' | 'execute'>,
  table: MySqlTable,
): TableVerbs {
  const columns = getTableColumns(table);
  const reader = createRowReader(table, columns, toQuery);
  const canPrepare = Object.values(columns).every(isSameWhenPrepared);
  const primaryKey = keyNames(columns, getTableConfig(table).primaryKeys);

  async function countRows(where: SQL | undefined): Promise<number> {
    const [row] = await db.select({ total: count() }).from(table).where(where);
    return row?.total ?? 0;
  }

  return {
    columns,
    primaryKey,
    async find(wanted) {
      const { sql, params } = reader.select(wanted);
      const isPrepared = execute && canPrepare && params.every(isText);
      return rowsOf(await (isPrepared ? execute(sql, params) : query(sql, params, true))).map(reader.read);
    },
    count: countRows,
    countByKeys: (rows) => countRows(keyCondition(columns, primaryKey, rows)),
    insert: (rows) => db.insert(table).values(rows),
    update: async (where, changes) => (await db.update(table).set(changes).where(where))[0].affectedRows,
    remove: async (where) => (await db.delete(table).where(where))[0].affectedRows,
  };
}

const TEXT_OR_INTEGER = /^(var)?char|text$|^(tiny|small|medium|big)?int|^boolean/;

/** Whether a value of the column is the same when a prepared statement returns it, or a time as Date. */
function isSameWhenPrepared(column: MySqlColumn): boolean {
  return TEXT_OR_INTEGER.test(column.getSQLType()) || is(column, MySqlDateTime) || is(column, MySqlTimestamp);
}

/** A prepared statement sends numbers as floating-point numbers, and MariaDB rejects `is ?`. */
function isText(value: unknown): value is string {
  return typeof value === 'string';
}
