import { type Column, type Query, sql, type Table } from 'drizzle-orm';
import type { RowsQuery } from './database-types.ts';
import type { SqlWriter } from './sql-writer.ts';
import { ordersOf } from './verb-parts.ts';

type Row = Record<string, unknown>;

/** Writes SELECT statements of whole rows, and reads their results. */
export type RowReader = {
  select(query: RowsQuery): Query;
  /** @param values of one row, in the order of the columns */
  read(values: readonly unknown[]): Row;
};

/**
 * The same as Drizzle's `select().from(table)`, whose generic code takes several times as long.
 * @param toQuery of the dialect
 */
export function createRowReader(
  table: Table,
  columns: Record<string, Column>,
  toQuery: SqlWriter,
): RowReader {
  const list = sql.join(Object.values(columns), sql`, `);
  const head = toQuery(sql`select ${list} from ${table}`).sql;
  const fields = Object.entries(columns).map(([name, column]) => ({ name, column }));

  return {
    select({ where, orderBy, limit }) {
      const condition = where && toQuery(where);
      const orders = ordersOf(orderBy).map(toQuery);
      const text = [
        head,
        condition ? ` where ${condition.sql}` : '',
        orders.length > 0 ? ` order by ${orders.map((order) => order.sql).join(', ')}` : '',
        limit === undefined ? '' : ` limit ${requireSize(limit)}`,
      ];
      const params = [...(condition?.params ?? []), ...orders.flatMap((order) => order.params)];
      return { sql: text.join(''), params };
    },
    read(values) {
      const row: Row = {};
      let i = 0;
      for (const { name, column } of fields) {
        const value = values[i++];
        row[name] = value === null ? null : decode(column, value);
      }
      return row;
    },
  };
}

/** A prepared statement of MySQL returns times as Date. */
function decode(column: Column, value: unknown): unknown {
  return value instanceof Date ? value : column.mapFromDriverValue(value);
}

/** It is written into the statement: MySQL accepts no prepared LIMIT of a number with decimals. */
function requireSize(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new TypeError(`limit is ${limit}: it must be a whole number from 0`);
}
