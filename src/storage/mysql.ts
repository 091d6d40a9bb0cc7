import { fileURLToPath } from 'node:url';
import { count } from 'drizzle-orm';
import { drizzle, type RemoteCallback } from 'drizzle-orm/mysql-proxy';
import { migrate } from 'drizzle-orm/mysql-proxy/migrator';
import type { Dialect } from './dialect.ts';
import { user } from './mysql.schema.ts';
import { createMysqlPool, type MysqlOptions } from './mysql-pool.ts';
import { toStorageError } from './storage-error.ts';

const MIGRATIONS = fileURLToPath(new URL('../../drizzle/mysql', import.meta.url));
const MIGRATION_TIMEOUT_MS = 10 * 60_000;

/** Table, column or key exists, or is gone: an interrupted migration had already done this step. */
const ALREADY_DONE = /^ER_(TABLE_EXISTS_ERROR|DUP_FIELDNAME|DUP_KEYNAME|CANT_DROP_FIELD_OR_KEY)$/;

export function createMysql(options: MysqlOptions): Dialect {
  const pool = createMysqlPool(options);

  const runForDrizzle: RemoteCallback = async (sql, params, method) => {
    const result = await pool.query(sql, params, method === 'all');
    return { rows: method === 'all' && Array.isArray(result) ? result : [result] };
  };
  const db = drizzle(runForDrizzle);

  async function runMigrationSteps(statements: string[]): Promise<void> {
    for (const statement of statements) {
      await pool.query(statement, [], false, MIGRATION_TIMEOUT_MS).catch((error: unknown) => {
        if (!ALREADY_DONE.test(toStorageError(error).code)) throw error;
      });
    }
  }

  return {
    place: options.socketPath ?? `${options.host}:${options.port}/${options.database}`,
    users: {
      columns: user,
      find: (where) => db.select().from(user).where(where),
      page: (where, order, limit) => db.select().from(user).where(where).orderBy(order).limit(limit),
      count: (where) => db.select({ total: count() }).from(user).where(where),
      update: (where, values) => db.update(user).set(values).where(where),
      remove: (where) => db.delete(user).where(where),
      upsert: (row, values) => db.insert(user).values(row).onDuplicateKeyUpdate({ set: values }),
    },
    async execute(sql, params = []) {
      const result = await pool.query(sql, params, true);
      return Array.isArray(result) ? result.filter((row) => Array.isArray(row)) : [];
    },
    async columnsOf(table) {
      const columns = await pool.query(
        'SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?',
        [table],
        true,
      );
      return Array.isArray(columns) ? columns.map(String) : [];
    },
    migrate: () =>
      migrate(db, runMigrationSteps, {
        migrationsFolder: MIGRATIONS,
        migrationsTable: 'weapp_login_migrations',
      }),
    close: () => pool.close(),
  };
}
