import type { UserStatements } from './users.ts';

/** A database as storage sees it. Every method rejects with StorageError only, and within its deadline. */
export type Dialect = {
  /** Where it is, without user and password: fit for a message. */
  place: string;
  users: UserStatements;
  /** One statement written by hand, `?` for parameters; answers rows as arrays. */
  execute(sql: string, params?: readonly (string | number)[]): Promise<unknown[][]>;
  /** The names of the columns of a table, none where there is no such table. */
  columnsOf(table: string): Promise<string[]>;
  /** Brings the tables up to date; not safe against a second process doing the same. */
  migrate(): Promise<void>;
  close(): Promise<void>;
};
