import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../common/clock.ts';
import type { Dialect } from './dialect.ts';
import { MigrationError, type ModuleMigrations, readModules } from './migration-files.ts';
import { migrateModule } from './module-migrations.ts';
import { withRetry } from './retry.ts';
import { StorageError, toStorageError } from './storage-error.ts';

const LEASE = 'migrations';
const LEASE_MS = 30_000;
const MAX_WAIT_MS = 120_000;
const POLL_MS = 100;

/** Columns that our tables had from the first version. A table without them belongs to another program. */
const OUR_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  user: ['id', 'app_id', 'open_id', 'union_id', 'session_key', 'token_version'],
  rate_limit: ['key', 'points', 'expire'],
  user_tombstone: ['id', 'disabled_at'],
};

/** The error code if another program has a table with the name of one of ours. */
export const FOREIGN_TABLES = 'FOREIGN_TABLES';
/** The error code if another process held the lease for two minutes. */
export const LEASE_HELD = 'MIGRATION_LEASE_HELD';

/**
 * Applies our migrations and those of modules, in their order, while holding a lease, so that several processes may start
 * at once. The lease is a row, because GET_LOCK does not work on Galera; it is renewed meanwhile, and expires 30 s after
 * its holder died.
 * @throws {StorageError} FOREIGN_TABLES before anything is changed: on MySQL an existing table counts as migrated
 * @throws {StorageError} LEASE_HELD
 * @throws {MigrationError} of a module; its files are checked before anything is changed
 */
export async function migrateUnderLease(
  dialect: Dialect,
  now: Clock = Date.now,
  modules: readonly ModuleMigrations[] = [],
): Promise<void> {
  const checked = readModules(modules, dialect.kind);
  const holder = randomUUID();
  await rejectForeignTables(dialect);
  await withRetry(() =>
    dialect.execute(
      `CREATE TABLE IF NOT EXISTS weapp_login_lease (
        name varchar(64) NOT NULL PRIMARY KEY, holder varchar(64) NOT NULL, expires_at bigint NOT NULL)`,
    ),
  );
  await acquireLease(dialect, holder, now);
  const renewal = setInterval(() => {
    const renewed = dialect.execute(
      'UPDATE weapp_login_lease SET expires_at = ? WHERE name = ? AND holder = ?',
      [now() + LEASE_MS, LEASE, holder],
    );
    renewed.catch(() => undefined);
  }, LEASE_MS / 3);
  try {
    await dialect.migrate();
    for (const module of checked) await migrateModule(dialect, module, now);
  } catch (error) {
    throw error instanceof MigrationError ? error : toStorageError(error);
  } finally {
    clearInterval(renewal);
    await releaseLease(dialect, holder);
  }
}

/** @throws {StorageError} FOREIGN_TABLES */
export async function rejectForeignTables(dialect: Pick<Dialect, 'columnsOf'>): Promise<void> {
  for (const [table, ours] of Object.entries(OUR_COLUMNS)) {
    const columns = await withRetry(() => dialect.columnsOf(table));
    if (columns.length > 0 && !ours.every((name) => columns.includes(name)))
      throw new StorageError('FAULT', FOREIGN_TABLES);
  }
}

async function acquireLease(dialect: Dialect, holder: string, now: Clock): Promise<void> {
  for (const end = now() + MAX_WAIT_MS; now() < end; await sleep(POLL_MS)) {
    try {
      await withRetry(() => insertLease(dialect, holder, now));
      return;
    } catch (error) {
      if (!(error instanceof StorageError && error.failure === 'DUPLICATE')) throw error;
      if (await holdsLease(dialect, holder)) return;
    }
  }
  throw new StorageError('UNAVAILABLE', LEASE_HELD);
}

async function insertLease(dialect: Dialect, holder: string, now: Clock): Promise<void> {
  await dialect.execute('DELETE FROM weapp_login_lease WHERE name = ? AND expires_at < ?', [LEASE, now()]);
  await dialect.execute('INSERT INTO weapp_login_lease (name, holder, expires_at) VALUES (?, ?, ?)', [
    LEASE,
    holder,
    now() + LEASE_MS,
  ]);
}

/** If the response to the INSERT was lost, the row may be ours. */
async function holdsLease(dialect: Dialect, holder: string): Promise<boolean> {
  const rows = await dialect.execute('SELECT 1 FROM weapp_login_lease WHERE name = ? AND holder = ?', [
    LEASE,
    holder,
  ]);
  return rows.length > 0;
}

/** If this fails, the lease expires. */
async function releaseLease(dialect: Dialect, holder: string): Promise<void> {
  const released = dialect.execute('DELETE FROM weapp_login_lease WHERE name = ? AND holder = ?', [
    LEASE,
    holder,
  ]);
  await released.catch(() => undefined);
}
