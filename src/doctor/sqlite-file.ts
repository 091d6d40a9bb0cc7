import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { withRetry } from '../storage/retry.ts';
import { IN_MEMORY, MIN_FREE_BYTES, type SqliteOptions } from '../storage/sqlite.ts';
import { openConnection } from '../storage/sqlite-connection.ts';
import { toStorageError } from '../storage/storage-error.ts';
import type { Subject } from './check.ts';
import { type Finding, failed, ok, warning } from './findings.ts';
import { checkMigrations, readJournal, type TableReader } from './migration-state.ts';

/** Checks the file of libSQL without creating it. */
export async function checkSqliteFile(subject: Subject, { path }: SqliteOptions): Promise<Finding[]> {
  if (path === IN_MEMORY)
    return [
      warning(
        'database',
        'libSQL in memory: all data is lost when the server ends',
        'set DATABASE_URL to a file',
      ),
    ];
  const folder = await existingFolder(dirname(resolve(path)));
  const findings = await checkFile(subject, path, folder).catch((error: unknown) => [
    failed(
      'database',
      `${path} cannot be used (${toStorageError(error).code})`,
      subject.explain(toStorageError(error)),
    ),
  ]);
  return [...findings, ...(await checkDisk(folder))];
}

/** The folder of the file, or the one in which the server would create that folder. */
async function existingFolder(folder: string): Promise<string> {
  const exists = await stat(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return exists || dirname(folder) === folder ? folder : existingFolder(dirname(folder));
}

async function checkFile(subject: Subject, path: string, folder: string): Promise<Finding[]> {
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  const size = await stat(path).then(
    (file) => file.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return 0;
    },
  );
  if (size === 0) return [checkNewFile(subject, path)];
  await access(path, constants.R_OK | constants.W_OK);
  return checkContent(subject, path);
}

function checkNewFile({ config }: Subject, path: string): Finding {
  if (config.migrateOnStart) return ok('database', `${path} does not exist: the next start creates it`);
  const count = readJournal('sqlite').length;
  return failed(
    'database',
    `${path} does not exist: ${count} migrations are pending`,
    'run `npm run migrate`',
  );
}

async function checkContent(subject: Subject, path: string): Promise<Finding[]> {
  const connection = openConnection(path);
  // Another process may write.
  const execute: TableReader['execute'] = (sql, params = []) =>
    withRetry(async () => connection.query(sql, params));
  const reader: TableReader = {
    execute,
    columnsOf: async (table) =>
      (await execute('SELECT name FROM pragma_table_info(?)', [table])).map(([name]) => String(name)),
  };
  try {
    const [[version] = []] = await execute('SELECT sqlite_version()');
    const [[mode] = []] = await execute('SELECT journal_mode FROM pragma_journal_mode');
    return [
      ok('database', `libSQL ${version}: ${path}`),
      mode === 'wal'
        ? ok('database-journal', 'write-ahead log')
        : ok('database-journal', `the journal mode is ${mode}: the next start changes it to WAL`),
      ...(await checkMigrations(reader, subject)),
    ];
  } finally {
    connection.close();
  }
}

const MEGABYTE = 1024 * 1024;
const WARN_FREE_BYTES = 256 * MEGABYTE;
/** Types of statfs(2): NFS, SMB and CIFS. */
const NETWORK_FILE_SYSTEMS = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

async function checkDisk(folder: string): Promise<Finding[]> {
  try {
    const { bavail, bsize, type } = await statfs(folder);
    return [
      checkFreeSpace(bavail * bsize),
      ...(NETWORK_FILE_SYSTEMS.has(type)
        ? [
            warning(
              'database-disk',
              'the file is on a network file system, where locks of SQLite do not work',
              'move it to a local disk, or use MySQL',
            ),
          ]
        : []),
    ];
  } catch {
    // The file cannot be used either, which has a finding.
    return [];
  }
}

function checkFreeSpace(bytes: number): Finding {
  const check = 'database-disk';
  const message = `${Math.floor(bytes / MEGABYTE)} MB are free`;
  const remedy = 'free space on the disk of the database file';
  if (bytes < MIN_FREE_BYTES) return failed(check, message, remedy);
  return bytes < WARN_FREE_BYTES ? warning(check, message, remedy) : ok(check, message);
}
