import { fileURLToPath } from 'node:url';
import { and, count, eq, getTableColumns, inArray, sql } from 'drizzle-orm';
import { migrate } from 'drizzle-orm/mysql-proxy/migrator';
import { packageFile } from '../common/package-file.ts';
import { type Dialect, type DialectSettings, MIGRATIONS_TABLE, READ_TABLES } from './dialect.ts';
import { user, userTombstone } from './mysql.schema.ts';
import { createMysqlPool, type MysqlOptions } from './mysql-pool.ts';
import {
  createMysqlStatements,
  drizzleOnMysql,
  type MysqlExecute,
  type MysqlQuery,
} from './mysql-statements.ts';
import { createMysqlTransactions } from './mysql-transactions.ts';
import { observed } from './observed.ts';
import { withSafeRetry } from './retry.ts';
import { StorageError, toStorageError } from './storage-error.ts';
import { createTransactionScope } from './transaction-scope.ts';
import { createDatabase } from './transactions.ts';
import { createBatchStatements } from './user-batch-statements.ts';
import { readBuiltInRole, type TimeCodec, withReadRoles } from './user-row.ts';
import { rowsOf } from './verb-parts.ts';

const MIGRATIONS = fileURLToPath(packageFile('drizzle/mysql'));
const MIGRATION_TIMEOUT_MS = 10 * 60_000;

const { sessionKey: _, ...USER_COLUMNS } = getTableColumns(user);

/** Table, column or key exists, or is gone: an interrupted migration had already done this step. */
const ALREADY_DONE: ReadonlySet<string> = new Set([
  'ER_TABLE_EXISTS_ERROR',
  'ER_DUP_FIELDNAME',
  'ER_DUP_KEYNAME',
  'ER_CANT_DROP_FIELD_OR_KEY',
  'ER_BAD_TABLE_ERROR',
]);

/** `datetime(3)` in UTC. The three times of a login are equal. */
function createTimeCodec(): TimeCodec {
  let last = Number.NaN;
  let text = '';
  return {
    encode(time) {
      if (time.getTime() !== last) text = time.toISOString().slice(0, -1).replace('T', ' ');
      last = time.getTime();
      return text;
    },
    decode: (value) => (value instanceof Date ? value : new Date(Number.NaN)),
  };
}

export function createMysql(
  options: MysqlOptions,
  { onStatement, readRole = readBuiltInRole }: DialectSettings = {},
): Dialect {
  const bare = createMysqlPool(options);
  const pool = {
    ...bare,
    query: observed(bare.query, onStatement),
    execute: observed(bare.execute, onStatement),
  };

  const db = drizzleOnMysql(pool.query);
  const scope = createTransactionScope();

  /** Whether a status or variable is OFF. MySQL has none of those of Galera. */
  async function isOff(show: string): Promise<boolean> {
    return String(await pool.query(show, [], true)).endsWith(',OFF');
  }

  async function runMigrationSteps(statements: readonly string[]): Promise<void> {
    for (const statement of statements) {
      await pool.query(statement, [], false, MIGRATION_TIMEOUT_MS).catch((error: unknown) => {
        if (!ALREADY_DONE.has(toStorageError(error).code)) throw error;
      });
    }
  }

  return {
    kind: 'mysql',
    place: options.socketPath ?? `${options.host}:${options.port}/${options.database}`,
    users: {
      columns: user,
      find: (where) => withReadRoles(db.select(USER_COLUMNS).from(user).where(where), readRole),
      page: (where, order, limit) =>
        withReadRoles(db.select(USER_COLUMNS).from(user).where(where).orderBy(order).limit(limit), readRole),
      sessionKeys: (where) =>
        db
          .select({ appId: user.appId, openId: user.openId, sessionKey: user.sessionKey })
          .from(user)
          .where(where),
      count: (where) => db.select({ total: count() }).from(user).where(where),
      update: (where, values) => db.update(user).set(values).where(where),
      remove: (where) => db.delete(user).where(where),
      batches: createBatchStatements({
        columns: user,
        readRole,
        times: createTimeCodec(),
        selectByIds: (ids) => db.select(USER_COLUMNS).from(user).where(inArray(user.id, ids)),
        // Else MariaDB changes to the index of the phone number, or scans the table, once it has grown.
        selectByOpenIds: (openIds) =>
          db
            .select(USER_COLUMNS)
            .from(user, { forceIndex: 'user_app_id_open_id' })
            .where(and(eq(user.appId, ''), inArray(user.openId, openIds))),
        upsert: (rows, changes) => db.insert(user).values(rows).onDuplicateKeyUpdate({ set: changes }),
        inserted: (column) => sql`values(${column})`,
        tombstone: (ids) =>
          sql`(select max(${userTombstone.disabledAt}) from ${userTombstone} where ${inArray(userTombstone.id, ids)})`,
        run: async (text, params) => rowsOf(await pool.execute(text, params)),
      }),
      tombstones: {
        save: (id, disabledAt) =>
          db.insert(userTombstone).values({ id, disabledAt }).onDuplicateKeyUpdate({ set: { disabledAt } }),
        remove: (ids) => db.delete(userTombstone).where(inArray(userTombstone.id, [...ids])),
      },
    },
    database: createDatabase({
      scope,
      timeoutMs: options.timeoutMs,
      statements(check) {
        const query: MysqlQuery = async (...statement) => {
          check();
          return pool.query(...statement);
        };
        const retried: MysqlQuery = (sql, ...rest) => withSafeRetry(sql, () => query(sql, ...rest));
        const execute: MysqlExecute = async (...statement) => {
          check();
          return pool.execute(...statement);
        };
        return createMysqlStatements({ query, execute, queryOfDrizzle: retried });
      },
      begin: createMysqlTransactions(bare, onStatement),
    }),
    execute: async (sql, params = []) => rowsOf(await pool.query(sql, params, true)),
    async ping() {
      await pool.query(READ_TABLES, [], true);
      // A node of a Galera cluster without quorum. MariaDB has the status without a cluster too, as OFF.
      if (!(await isOff("SHOW STATUS LIKE 'wsrep_ready'"))) return;
      if (!(await isOff("SHOW VARIABLES LIKE 'wsrep_on'")))
        throw new StorageError('UNAVAILABLE', 'WSREP_NOT_READY');
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
        migrationsTable: MIGRATIONS_TABLE,
      }),
    applyMigration: runMigrationSteps,
    load: pool.load,
    close: () => pool.close(),
  };
}
