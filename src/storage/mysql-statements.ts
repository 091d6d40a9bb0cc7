import { count, getTableColumns, type SQL } from 'drizzle-orm';
import { getTableConfig, type MySqlTable } from 'drizzle-orm/mysql-core';
import { drizzle, type MySqlRemoteDatabase } from 'drizzle-orm/mysql-proxy';
import type { TableVerbs } from './rows.ts';
import type { StatementSet } from './transactions.ts';
import { keyCondition, keyNames, ordersOf, refuseTransaction } from './verb-parts.ts';

/** Runs one statement; rejects with StorageError. */
export type MysqlQuery = (sql: string, values: readonly unknown[], rowsAsArray: boolean) => Promise<unknown>;

export function drizzleOnMysql(query: MysqlQuery): MySqlRemoteDatabase {
  return drizzle(async (sql, params, method) => {
    const result = await query(sql, params, method === 'all');
    return { rows: method === 'all' && Array.isArray(result) ? result : [result] };
  });
}

/** @param queryOfDrizzle for statements that modules write with Drizzle themselves */
export function createMysqlStatements(query: MysqlQuery, queryOfDrizzle: MysqlQuery): StatementSet {
  const ours = drizzleOnMysql(query);
  const db = drizzleOnMysql(queryOfDrizzle);
  db.transaction = refuseTransaction;
  return { drizzle: { dialect: 'mysql', db }, verbsOf: ({ mysql }) => mysqlVerbs(ours, mysql) };
}

function mysqlVerbs(db: MySqlRemoteDatabase, table: MySqlTable): TableVerbs {
  const columns = getTableColumns(table);
  const primaryKey = keyNames(columns, getTableConfig(table).primaryKeys);

  async function countRows(where: SQL | undefined): Promise<number> {
    const [row] = await db.select({ total: count() }).from(table).where(where);
    return row?.total ?? 0;
  }

  return {
    columns,
    primaryKey,
    find({ where, orderBy, limit }) {
      const query = db
        .select()
        .from(table)
        .where(where)
        .orderBy(...ordersOf(orderBy));
      return limit === undefined ? query : query.limit(limit);
    },
    count: countRows,
    countByKeys: (rows) => countRows(keyCondition(columns, primaryKey, rows)),
    insert: (rows) => db.insert(table).values(rows),
    update: async (where, changes) => (await db.update(table).set(changes).where(where))[0].affectedRows,
    remove: async (where) => (await db.delete(table).where(where))[0].affectedRows,
  };
}
