import { randomUUID } from 'node:crypto';
import type { Dialect } from './dialect.ts';
import { persistently, StorageError, storageError } from './storage-error.ts';

const LEASE = 'migrations';
const LEASE_MS = 30_000;
const WAIT_MS = 120_000;
const POLL_MS = 100;

/** What our tables had from the first. A table of that name without them is somebody else's. */
const OURS: Readonly<Record<string, readonly string[]>> = {
  user: ['id', 'app_id', 'open_id', 'union_id', 'session_key', 'token_version'],
  rate_limit: ['key', 'points', 'expire'],
};

/** The code of the failure where the database has a table of ours that is not ours. */
export const FOREIGN_TABLES = 'FOREIGN_TABLES';

/**
 * Brings the tables up to date while holding a lease, so that several processes can start at once. The lease
 * is a row: GET_LOCK means nothing on Galera. It is renewed while the migration runs and ends by itself 30 s
 * after its holder died.
 * @throws {StorageError} also when another process holds the lease for two minutes, and, before anything is changed,
 * when another program has a table of our names: on MySQL a table that exists counts as a step that is done
 */
export async function migrateUnderLease(dialect: Dialect, now: () => number = Date.now): Promise<void> {
  const holder = randomUUID();
  await refuseForeignTables(dialect);
  await persistently(() =>
    dialect.execute(
      `CREATE TABLE IF NOT EXISTS weapp_login_lease (
        name varchar(64) NOT NULL PRIMARY KEY, holder varchar(64) NOT NULL, expires_at bigint NOT NULL)`,
    ),
  );
  await acquire(dialect, holder, now);
  const renewal = setInterval(() => {
    const renewed = dialect.execute(
      'UPDATE weapp_login_lease SET expires_at = ? WHERE name = ? AND holder = ?',
      [now() + LEASE_MS, LEASE, holder],
    );
    renewed.catch(() => undefined);
  }, LEASE_MS / 3);
  try {
    await dialect.migrate();
  } catch (error) {
    throw storageError(error);
  } finally {
    clearInterval(renewal);
    await release(dialect, holder);
  }
}

async function refuseForeignTables(dialect: Dialect): Promise<void> {
  for (const [table, ours] of Object.entries(OURS)) {
    const columns = await persistently(() => dialect.columnsOf(table));
    if (columns.length > 0 && !ours.every((name) => columns.includes(name)))
      throw new StorageError('FAULT', FOREIGN_TABLES);
  }
}

/** Where it fails the lease ends by itself. */
async function release(dialect: Dialect, holder: string): Promise<void> {
  const released = dialect.execute('DELETE FROM weapp_login_lease WHERE name = ? AND holder = ?', [
    LEASE,
    holder,
  ]);
  await released.catch(() => undefined);
}

async function acquire(dialect: Dialect, holder: string, now: () => number): Promise<void> {
  for (
    const end = now() + WAIT_MS;
    now() < end;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  ) {
    try {
      await persistently(async () => {
        await dialect.execute('DELETE FROM weapp_login_lease WHERE name = ? AND expires_at < ?', [
          LEASE,
          now(),
        ]);
        await dialect.execute('INSERT INTO weapp_login_lease (name, holder, expires_at) VALUES (?, ?, ?)', [
          LEASE,
          holder,
          now() + LEASE_MS,
        ]);
      });
      return;
    } catch (error) {
      if (!(error instanceof StorageError && error.failure === 'DUPLICATE')) throw error;
      if (await isHeldBy(dialect, holder)) return;
    }
  }
  throw new StorageError('UNAVAILABLE', 'MIGRATION_LEASE_HELD');
}

/** After a lost answer our own row may be there already. */
async function isHeldBy(dialect: Dialect, holder: string): Promise<boolean> {
  const rows = await dialect.execute('SELECT 1 FROM weapp_login_lease WHERE name = ? AND holder = ?', [
    LEASE,
    holder,
  ]);
  return rows.length > 0;
}
