import type { Database } from './database-types.ts';
import type { DialectName } from './migration-sql.ts';
import type { OnStatement } from './observed.ts';
import type { UserStatements } from './user-statements.ts';
import type { ReadRole } from './user-types.ts';

/** Fails unless the tables that a login needs exist and can be read. */
export const READ_TABLES = 'SELECT (SELECT id FROM user LIMIT 1), (SELECT id FROM user_tombstone LIMIT 1)';

/** The table of Drizzle's migrator. */
export const MIGRATIONS_TABLE = 'weapp_login_migrations';

/** One kind of database. Every method rejects with StorageError only, within its deadline. */
export type Dialect = {
  kind: DialectName;
  /** The location without user and password, for messages. */
  place: string;
  users: UserStatements;
  /** For the tables of modules. */
  database: Database;
  /** Runs one hand-written statement with `?` for parameters; returns rows as arrays. */
  execute(sql: string, params?: readonly (string | number)[]): Promise<unknown[][]>;
  /** Whether statements can succeed now: reads the tables that a login needs. */
  ping(): Promise<void>;
  /** The column names of a table; empty if there is no such table. */
  columnsOf(table: string): Promise<string[]>;
  /** Applies the migrations. Not safe for concurrent use: see migrateUnderLease. */
  migrate(): Promise<void>;
  /** Runs the statements of one migration: on libSQL in a transaction, on MySQL without those that are done already. */
  applyMigration(statements: readonly string[]): Promise<void>;
  load(): DatabaseLoad;
  close(): Promise<void>;
};

export type DialectSettings = { onStatement?: OnStatement | undefined; readRole?: ReadRole | undefined };

export type DatabaseLoad = {
  /** Connections that run a statement. */
  inUse: number;
  /** Statements that wait for a connection. */
  waiting: number;
};
