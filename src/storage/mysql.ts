import { fileURLToPath } from 'node:url';
import { drizzle, type RemoteCallback } from 'drizzle-orm/mysql-proxy';
import { migrate } from 'drizzle-orm/mysql-proxy/migrator';
import { createPool, type PoolConnection, type PoolOptions } from 'mysql2/promise';
import type { Dialect } from './dialect.ts';
import { user } from './mysql.schema.ts';
import { endsConnection, StorageError, storageError, TIMEOUT } from './storage-error.ts';

/** `mysql://user:password@host:port/database`, taken apart; `ssl` checks the certificate and the host name. */
export type MysqlOptions = {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  socketPath?: string | undefined;
  ssl: boolean;
  poolSize: number;
  /** Milliseconds for one statement: waiting for a connection, connecting and the statement itself. */
  timeoutMs: number;
};

const MIGRATIONS = fileURLToPath(new URL('../../drizzle/mysql', import.meta.url));
const MIGRATION_TIMEOUT_MS = 10 * 60_000;
const QUEUE_LIMIT = 1000;

/**
 * Without strict mode MySQL cuts over-long values silently; with NO_BACKSLASH_ESCAPES the escaping of
 * parameters would be wrong. So the session's mode is ours, whatever the server's is.
 */
const SESSION = "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'";

/** "Table exists", "column exists", "key exists", "can't drop": a step that an interrupted run had done. */
const ALREADY_DONE = /^ER_(TABLE_EXISTS_ERROR|DUP_FIELDNAME|DUP_KEYNAME|CANT_DROP_FIELD_OR_KEY)$/;

export function createMysql(options: MysqlOptions): Dialect {
  const { timeoutMs } = options;
  const pool = createPool(poolOptions(options));
  const ready = new WeakSet<object>();

  const acquire = async (ms: number): Promise<PoolConnection> => {
    const arriving = pool.getConnection();
    try {
      return await within(ms, arriving);
    } catch (error) {
      arriving.then(
        (late) => late.release(),
        () => undefined,
      );
      throw error;
    }
  };

  const query = async (sql: string, values: readonly unknown[], rowsAsArray: boolean, ms = timeoutMs) => {
    const deadline = performance.now() + ms;
    const left = () => deadline - performance.now();
    let connection: PoolConnection | undefined;
    try {
      connection = await acquire(timeoutMs);
      if (!ready.has(connection.connection)) await within(left(), connection.query(SESSION));
      ready.add(connection.connection);
      const [result] = await within(left(), connection.query({ sql, values: [...values], rowsAsArray }));
      connection.release();
      return result;
    } catch (error) {
      if (endsConnection(error)) connection?.destroy();
      else connection?.release();
      throw storageError(error);
    }
  };

  const run: RemoteCallback = async (sql, params, method) => {
    const result = await query(sql, params, method === 'all');
    return { rows: method === 'all' && Array.isArray(result) ? result : [result] };
  };
  const db = drizzle(run);

  return {
    place: options.socketPath ?? `${options.host}:${options.port}/${options.database}`,
    users: {
      columns: user,
      find: (where) => db.select().from(user).where(where),
      page: (where, order, limit) => db.select().from(user).where(where).orderBy(order).limit(limit),
      update: (where, values) => db.update(user).set(values).where(where),
      remove: (where) => db.delete(user).where(where),
      upsert: (row, values) => db.insert(user).values(row).onDuplicateKeyUpdate({ set: values }),
    },
    async execute(sql, params = []) {
      const result = await query(sql, params, true);
      return Array.isArray(result) ? result.filter((row) => Array.isArray(row)) : [];
    },
    async columnsOf(table) {
      const columns = await query(
        'SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?',
        [table],
        true,
      );
      return Array.isArray(columns) ? columns.map(String) : [];
    },
    async migrate() {
      const steps = async (statements: string[]) => {
        for (const statement of statements) {
          await query(statement, [], false, MIGRATION_TIMEOUT_MS).catch((error: unknown) => {
            if (!ALREADY_DONE.test(storageError(error).code)) throw error;
          });
        }
      };
      await migrate(db, steps, { migrationsFolder: MIGRATIONS, migrationsTable: 'weapp_login_migrations' });
    },
    async close() {
      await pool.end();
    },
  };
}

export function poolOptions({ poolSize, timeoutMs, ssl, socketPath, ...server }: MysqlOptions): PoolOptions {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(ssl ? { ssl: { minVersion: 'TLSv1.2', rejectUnauthorized: true, verifyIdentity: true } } : {}),
    charset: 'utf8mb4',
    dateStrings: true,
    connectTimeout: timeoutMs,
    connectionLimit: poolSize,
    queueLimit: QUEUE_LIMIT,
    maxIdle: Math.min(poolSize, 2),
    idleTimeout: 60_000,
  };
}

/** The promise, or a failure after so many milliseconds; the loser is not waited for. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StorageError('UNAVAILABLE', TIMEOUT)), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
