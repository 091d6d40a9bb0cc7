import { sql } from 'drizzle-orm';
import type { Dialect } from './dialect.ts';
import { migrateUnderLease } from './migrations.ts';
import type { MysqlOptions } from './mysql.ts';
import { createSessionKeyCipher } from './session-key.ts';
import type { SqliteOptions } from './sqlite.ts';
import { persistently } from './storage-error.ts';
import { createUsers, type Users } from './users.ts';

export type DatabaseOptions = ({ dialect: 'mysql' } & MysqlOptions) | ({ dialect: 'sqlite' } & SqliteOptions);

export type Storage = {
  /** Where it is, without user and password: fit for a message. */
  place: string;
  users: Users;
  /** @throws {StorageError} when the database doesn't answer */
  ping(): Promise<void>;
  /** Brings the tables up to date; any number of processes may call it at once. */
  migrate(): Promise<void>;
  /** @throws {StorageError} with the failure FAULT when the tables are missing, out of date, or somebody else's */
  check(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens the database; a server is reached at the first statement.
 * @param secrets for the session_keys: the first seals, all open
 */
export async function openStorage(
  options: DatabaseOptions,
  secrets: readonly [string, ...string[]],
  now?: () => Date,
): Promise<Storage> {
  const dialect = await connect(options);
  return {
    place: dialect.place,
    users: createUsers(dialect.users, createSessionKeyCipher(secrets), now),
    async ping() {
      await dialect.execute('SELECT 1');
    },
    migrate: () => migrateUnderLease(dialect),
    async check() {
      await persistently(() => dialect.users.find(sql`1 = 0`));
    },
    close: () => dialect.close(),
  };
}

/** Only the driver in use is loaded. */
async function connect(options: DatabaseOptions): Promise<Dialect> {
  if (options.dialect === 'mysql') return (await import('./mysql.ts')).createMysql(options);
  return (await import('./sqlite.ts')).createSqlite(options);
}
