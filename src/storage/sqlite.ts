import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient, type InStatement } from '@libsql/client';
import { type AsyncRemoteCallback, drizzle } from 'drizzle-orm/sqlite-proxy';
import { migrate } from 'drizzle-orm/sqlite-proxy/migrator';
import type { Dialect } from './dialect.ts';
import { user } from './sqlite.schema.ts';
import { storageError } from './storage-error.ts';

/** A libSQL file, made with its folder where it is missing, or `:memory:`. */
export type SqliteOptions = { path: string };

const MIGRATIONS = fileURLToPath(new URL('../../drizzle/sqlite', import.meta.url));
/** While another process writes, a statement waits so long; it blocks the event loop, so keep it short. */
const BUSY_MS = 1000;

export async function createSqlite({ path }: SqliteOptions): Promise<Dialect> {
  const client = await openFile(path);

  const query = async (statement: InStatement) => {
    try {
      return await client.execute(statement);
    } catch (error) {
      throw storageError(error);
    }
  };

  const run: AsyncRemoteCallback = async (sql, params, method) => {
    const { rows, columns } = await query({ sql, args: params });
    const arrays = rows.map((row) => columns.map((_, i) => row[i]));
    return { rows: method === 'get' ? (arrays[0] ?? []) : arrays };
  };
  const db = drizzle(run);

  return {
    place: path,
    users: {
      columns: user,
      find: (where) => db.select().from(user).where(where),
      page: (where, order, limit) => db.select().from(user).where(where).orderBy(order).limit(limit),
      update: (where, values) => db.update(user).set(values).where(where),
      remove: (where) => db.delete(user).where(where),
      upsert: (row, values) =>
        db
          .insert(user)
          .values(row)
          .onConflictDoUpdate({ target: [user.appId, user.openId], set: values }),
    },
    async execute(sql, params = []) {
      const { rows, columns } = await query({ sql, args: [...params] });
      return rows.map((row) => columns.map((_, i) => row[i]));
    },
    async columnsOf(table) {
      const { rows } = await query({ sql: 'SELECT name FROM pragma_table_info(?)', args: [table] });
      return rows.map(({ name }) => String(name));
    },
    async migrate() {
      const atOnce = async (statements: string[]) => {
        await client.batch(statements, 'write').catch((error: unknown) => {
          throw storageError(error);
        });
      };
      await migrate(db, atOnce, { migrationsFolder: MIGRATIONS, migrationsTable: 'weapp_login_migrations' });
    },
    async close() {
      client.close();
    },
  };
}

async function openFile(path: string): Promise<Client> {
  try {
    if (path !== ':memory:') makeFile(path);
    const client = createClient({ url: `file:${path}`, timeout: BUSY_MS });
    if (path !== ':memory:') await client.execute('PRAGMA journal_mode = WAL');
    return client;
  } catch (error) {
    throw storageError(error);
  }
}

/** A file that is new is for this account only; one that is there keeps the rights that its owner gave it. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}
