import { type Column, is, SQL } from 'drizzle-orm';
import type { MySqlTable } from 'drizzle-orm/mysql-core';
import type { Rows, RowsQuery } from './database-types.ts';
import { StorageError, toStorageError } from './storage-error.ts';

type Row = Record<string, unknown>;

/** The statements on one table, as a dialect writes them. */
export type TableVerbs = {
  columns: Record<string, Column>;
  /** The names of its columns. */
  primaryKey: readonly string[];
  find(query: RowsQuery): PromiseLike<Row[]>;
  count(where: SQL | undefined): PromiseLike<number>;
  countByKeys(keys: readonly Row[]): PromiseLike<number>;
  insert(rows: Row[]): PromiseLike<unknown>;
  update(where: SQL, changes: Row): PromiseLike<number>;
  remove(where: SQL): PromiseLike<number>;
};

/** Runs a statement, several times if it may; rejects with StorageError. */
export type RunStatement = <T>(statement: () => PromiseLike<T>) => Promise<T>;

type ErasedRows = Omit<Rows<MySqlTable>, 'columns'> & Pick<TableVerbs, 'columns'>;

/** The verbs with the types of the table. */
export function createRows<M extends MySqlTable>(
  tables: { mysql: M },
  verbs: TableVerbs,
  run: RunStatement,
): Rows<M>;
export function createRows(_tables: unknown, verbs: TableVerbs, run: RunStatement): ErasedRows {
  const { columns, primaryKey } = verbs;

  /** Values of functions are made once, so that a retry inserts the same row. */
  function withDefaults(row: Row): Row {
    const complete = { ...row };
    for (const [name, { defaultFn, onUpdateFn }] of Object.entries(columns))
      if (complete[name] === undefined) complete[name] = (defaultFn ?? onUpdateFn)?.();
    return complete;
  }

  /**
   * Of a lost connection it is unknown whether the rows were inserted. If they were, the next attempt ends with DUPLICATE;
   * rows whose key the database makes would be inserted twice, so they are not retried.
   */
  async function insertOnce(rows: Row[]): Promise<void> {
    const hasKeys =
      primaryKey.length > 0 && rows.every((row) => primaryKey.every((name) => isGiven(row[name])));
    let isUnknown = false;
    await run(async () => {
      try {
        await verbs.insert(rows);
      } catch (error) {
        const failure = toStorageError(error);
        if (failure.failure === 'DUPLICATE' && isUnknown && (await verbs.countByKeys(rows)) === rows.length)
          return;
        if (failure.isLost && !hasKeys) throw new StorageError(failure.failure, failure.code);
        isUnknown ||= failure.isLost;
        throw failure;
      }
    });
  }

  return {
    columns,
    find: (query = {}) => run(() => verbs.find(query)),
    count: (where) => run(() => verbs.count(where)),
    async insert(rows) {
      const list = [rows].flat().map(withDefaults);
      if (list.length > 0) await insertOnce(list);
    },
    // Drizzle has no UPDATE without a change.
    async update(where, changes) {
      const condition = requireCondition(where);
      return run(() => (hasValues(changes) ? verbs.update(condition, changes) : verbs.count(condition)));
    },
    async remove(where) {
      const condition = requireCondition(where);
      return run(() => verbs.remove(condition));
    },
  };
}

/** Of `and` without conditions, Drizzle makes undefined, which would match all rows. */
function requireCondition(where: SQL | undefined): SQL {
  if (where) return where;
  throw new TypeError('where is undefined, which would match all rows: write sql`true` if you mean that');
}

function hasValues(changes: Row): boolean {
  return Object.values(changes).some((value) => value !== undefined);
}

/** Not a value that the database makes. */
function isGiven(value: unknown): boolean {
  return value !== undefined && !is(value, SQL);
}
