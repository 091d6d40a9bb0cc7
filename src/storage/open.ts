import { sql } from 'drizzle-orm';
import type { Clock } from '../common/clock.ts';
import type { Database } from './database-types.ts';
import { type DatabaseLoad, type Dialect, type DialectSettings, READ_TABLES } from './dialect.ts';
import { type ModuleMigrations, readModules } from './migration-files.ts';
import { migrateUnderLease } from './migrations.ts';
import { requireApplied } from './module-migrations.ts';
import type { MysqlOptions } from './mysql-pool.ts';
import { withRetry } from './retry.ts';
import { createSessionKeyCipher } from './session-key.ts';
import type { SqliteOptions } from './sqlite.ts';
import { createTombstoneIds } from './tombstones.ts';
import type { Users } from './user-types.ts';
import { createUsers } from './users.ts';

export type DatabaseOptions = ({ dialect: 'mysql' } & MysqlOptions) | ({ dialect: 'sqlite' } & SqliteOptions);

export type Storage = {
  /** The location without user and password, for messages. */
  place: string;
  users: Users;
  /** For the tables of modules. */
  database: Database;
  /** @param secrets for session_keys: the first encrypts, all decrypt */
  replaceSecrets(secrets: readonly [string, ...string[]]): void;
  /** @throws {StorageError} when the database does not respond, or could not run the statements of a login */
  ping(): Promise<void>;
  /**
   * Applies our migrations, then those of the modules; any number of processes may call it at once.
   * @throws {MigrationError} of a module
   */
  migrate(modules?: readonly ModuleMigrations[]): Promise<void>;
  /**
   * @throws {StorageError} FAULT when our tables are missing, outdated, or belong to another program
   * @throws {MigrationError} when a migration of a module is not applied
   */
  check(modules?: readonly ModuleMigrations[]): Promise<void>;
  /** What is in progress now. */
  load(): DatabaseLoad;
  close(): Promise<void>;
};

/** `readRole` knows USER and ADMIN by default. */
export type StorageSettings = DialectSettings & { now?: Clock };

/**
 * Opens the database. A server is connected to at the first statement.
 * @param secrets for session_keys: the first encrypts, all decrypt
 */
export async function openStorage(
  options: DatabaseOptions,
  secrets: readonly [string, ...string[]],
  { now = Date.now, ...settings }: StorageSettings = {},
): Promise<Storage> {
  const dialect = await openDialect(options, settings);
  let cipher = createSessionKeyCipher(secrets);
  let tombstoneIds = createTombstoneIds(secrets);
  return {
    place: dialect.place,
    database: dialect.database,
    users: createUsers(dialect.users, {
      cipher: {
        encrypt: (...args) => cipher.encrypt(...args),
        decrypt: (...args) => cipher.decrypt(...args),
      },
      tombstoneIds: {
        current: (...args) => tombstoneIds.current(...args),
        all: (...args) => tombstoneIds.all(...args),
      },
      now,
    }),
    replaceSecrets(next) {
      cipher = createSessionKeyCipher(next);
      tombstoneIds = createTombstoneIds(next);
    },
    ping: dialect.ping,
    // By the real time: a test may stop the clock.
    migrate: (modules) => migrateUnderLease(dialect, Date.now, modules),
    async check(modules = []) {
      await withRetry(() => dialect.users.find(sql`1 = 0`));
      await withRetry(() => dialect.execute(READ_TABLES));
      for (const module of readModules(modules, dialect.kind)) await requireApplied(dialect, module);
    },
    load: dialect.load,
    close: () => dialect.close(),
  };
}

/** Loads only the driver in use. */
async function openDialect(options: DatabaseOptions, settings: DialectSettings): Promise<Dialect> {
  if (options.dialect === 'mysql') return (await import('./mysql.ts')).createMysql(options, settings);
  return (await import('./sqlite.ts')).createSqlite(options, settings);
}
