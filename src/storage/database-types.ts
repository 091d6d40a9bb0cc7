import type { Column, ColumnBaseConfig, ColumnDataType, SQL } from 'drizzle-orm';
import type { MySqlTable } from 'drizzle-orm/mysql-core';
import type { MySqlRemoteDatabase } from 'drizzle-orm/mysql-proxy';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy';

/** The database for modules: their own tables, on MySQL and libSQL. */
export interface Database extends Statements {
  /**
   * Runs `work` in one transaction on one connection, and COMMIT when it has ended. If `work` throws, everything is rolled
   * back and its error is thrown. After a deadlock, a lock wait or a connection lost before COMMIT all is rolled back and
   * `work` is called again, so it must have no other effects.
   * @throws {StorageError} UNAVAILABLE when the deadline has passed, or the outcome of COMMIT is unknown
   */
  transaction<T>(work: (tx: Statements) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

/** `timeoutMs` is for the whole, with all attempts; by default that of a statement, 5 s on libSQL. */
export type TransactionOptions = { timeoutMs?: number };

export interface Statements {
  /** The verbs on one table that exists on both databases. It need not exist yet. */
  rows<M extends MySqlTable, S extends SQLiteTable>(tables: {
    mysql: M;
    sqlite: S & SameColumns<M, S>;
  }): Rows<M>;
  /**
   * Drizzle itself, for joins. Its errors hold SQL and parameters, with a StorageError as `cause`. Only statements that
   * cannot have had an effect are retried.
   */
  readonly drizzle: DrizzleDatabase;
}

export type DrizzleDatabase =
  | { dialect: 'mysql'; db: Omit<MySqlRemoteDatabase, 'transaction'> }
  | { dialect: 'sqlite'; db: Omit<SqliteRemoteDatabase, 'transaction' | 'batch'> };

/**
 * One table. Outside a transaction a statement is retried when the connection was lost; the counts are then those of the
 * last attempt.
 */
export interface Rows<M extends MySqlTable> {
  /** For conditions on either database: `eq(notes.columns.userId, id)`. */
  readonly columns: ColumnsOf<M>;
  find(query?: RowsQuery): Promise<M['$inferSelect'][]>;
  count(where?: SQL): Promise<number>;
  /**
   * One statement: all rows or none.
   * @throws {StorageError} DUPLICATE
   */
  insert(rows: M['$inferInsert'] | readonly M['$inferInsert'][]): Promise<void>;
  /**
   * @returns how many rows match, also if they had these values before
   * @throws {TypeError} if `where` is undefined
   */
  update(where: SQL | undefined, changes: Partial<M['$inferSelect']>): Promise<number>;
  /**
   * @returns how many rows are removed
   * @throws {TypeError} if `where` is undefined
   */
  remove(where: SQL | undefined): Promise<number>;
}

export type RowsQuery = {
  where?: SQL | undefined;
  orderBy?: SQL | readonly SQL[] | undefined;
  limit?: number | undefined;
};

type ColumnsOf<M extends MySqlTable> = {
  readonly [Name in keyof M['$inferSelect']]: Column<
    ColumnBaseConfig<ColumnDataType, string> & { data: NonNullable<M['$inferSelect'][Name]> }
  >;
};

/** Nothing if the rows of the two tables have the same type; else an object that says which column differs. */
export type SameColumns<M extends MySqlTable, S extends SQLiteTable> = NoError<
  Difference<M['$inferSelect'], S['$inferSelect']>,
  NoError<DefaultDifference<M['$inferInsert'], S['$inferInsert']>, unknown>
>;

type NoError<Message, Next> = [Message] extends [never] ? Next : { error: Message };

type Difference<M, S> =
  | { [Name in Missing<M, S>]: `The SQLite table lacks the column ${Name}.` }[Missing<M, S>]
  | { [Name in Missing<S, M>]: `The MySQL table lacks the column ${Name}.` }[Missing<S, M>]
  | {
      [Name in Common<M, S>]: Equal<M[Name], S[Name]> extends true
        ? never
        : Equal<NonNullable<M[Name]>, NonNullable<S[Name]>> extends true
          ? `The column ${Name} is nullable in one of the two tables only.`
          : `The column ${Name} has another type in the SQLite table.`;
    }[Common<M, S>];

type DefaultDifference<M, S> = {
  [Name in Common<M, S>]: Equal<
    undefined extends M[Name] ? 1 : 0,
    undefined extends S[Name] ? 1 : 0
  > extends true
    ? never
    : `The column ${Name} has a default in one of the two tables only.`;
}[Common<M, S>];

type Missing<A, B> = Exclude<keyof A & string, keyof B>;
type Common<A, B> = keyof A & keyof B & string;
type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
