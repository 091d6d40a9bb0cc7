import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient, type InStatement } from '@libsql/client';
import { count } from 'drizzle-orm';
import { type AsyncRemoteCallback, drizzle } from 'drizzle-orm/sqlite-proxy';
import { migrate } from 'drizzle-orm/sqlite-proxy/migrator';
import type { Dialect } from './dialect.ts';
import { user } from './sqlite.schema.ts';
import { toStorageError } from './storage-error.ts';

/** A libSQL file, created with its folder if missing, or `:memory:`. */
export type SqliteOptions = { path: string };

const IN_MEMORY = ':memory:';
const MIGRATIONS = fileURLToPath(new URL('../../drizzle/sqlite', import.meta.url));
/** How long a statement waits while another process writes. It blocks the event loop. */
const BUSY_TIMEOUT_MS = 1000;

export async function createSqlite({ path }: SqliteOptions): Promise<Dialect> {
  const client = await openClient(path);

  async function query(statement: InStatement) {
    try {
      return await client.execute(statement);
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async function queryArrays(statement: InStatement): Promise<unknown[][]> {
    const { rows, columns } = await query(statement);
    return rows.map((row) => columns.map((_, i) => row[i]));
  }

  const runForDrizzle: AsyncRemoteCallback = async (sql, params, method) => {
    const rows = await queryArrays({ sql, args: params });
    return { rows: method === 'get' ? (rows[0] ?? []) : rows };
  };
  const db = drizzle(runForDrizzle);

  async function runMigrationBatch(statements: string[]): Promise<void> {
    await client.batch(statements, 'write').catch((error: unknown) => {
      throw toStorageError(error);
    });
  }

  return {
    place: path,
    users: {
      columns: user,
      find: (where) => db.select().from(user).where(where),
      page: (where, order, limit) => db.select().from(user).where(where).orderBy(order).limit(limit),
      count: (where) => db.select({ total: count() }).from(user).where(where),
      update: (where, values) => db.update(user).set(values).where(where),
      remove: (where) => db.delete(user).where(where),
      upsert: (row, values) =>
        db
          .insert(user)
          .values(row)
          .onConflictDoUpdate({ target: [user.appId, user.openId], set: values }),
    },
    execute: (sql, params = []) => queryArrays({ sql, args: [...params] }),
    async columnsOf(table) {
      const rows = await queryArrays({ sql: 'SELECT name FROM pragma_table_info(?)', args: [table] });
      return rows.map(([name]) => String(name));
    },
    migrate: () =>
      migrate(db, runMigrationBatch, {
        migrationsFolder: MIGRATIONS,
        migrationsTable: 'weapp_login_migrations',
      }),
    async close() {
      client.close();
    },
  };
}

async function openClient(path: string): Promise<Client> {
  try {
    if (path !== IN_MEMORY) createPrivateFile(path);
    const client = createClient({ url: `file:${path}`, timeout: BUSY_TIMEOUT_MS });
    if (path !== IN_MEMORY) await client.execute('PRAGMA journal_mode = WAL');
    return client;
  } catch (error) {
    throw toStorageError(error);
  }
}

/** A new file is readable by this account only; the mode of an existing one is kept. */
function createPrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}
