import type { Clock } from '../common/clock.ts';
import { type Dialect, MIGRATIONS_TABLE } from './dialect.ts';
import { type CheckedModule, type Migration, MigrationError } from './migration-files.ts';
import { withRetry } from './retry.ts';
import { toStorageError } from './storage-error.ts';

type MigrationDialect = Pick<Dialect, 'kind' | 'execute' | 'columnsOf' | 'applyMigration'>;

/**
 * Applies the migrations of one module that its ledger does not have, in the order of the journal. Not safe for
 * concurrent use: see migrateUnderLease.
 * @throws {MigrationError}
 */
export async function migrateModule(
  dialect: MigrationDialect,
  { name, migrations }: CheckedModule,
  now: Clock,
): Promise<void> {
  const ledger = ledgerOf(name);
  await withRetry(() =>
    dialect.execute(
      `CREATE TABLE IF NOT EXISTS ${ledger} (
        tag varchar(150) NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)`,
    ),
  );
  const applied = await appliedTags(dialect, ledger);
  const pending = migrations.filter(({ tag }) => !applied.has(tag));
  await rejectForeignTables(dialect, name, migrations, pending);
  for (const { tag, statements } of pending) {
    const record = `INSERT INTO ${ledger} (tag, applied_at) VALUES ('${tag}', ${now()})`;
    try {
      await dialect.applyMigration([...statements.map(({ sql }) => sql), record]);
    } catch (error) {
      const { code } = toStorageError(error);
      throw new MigrationError(name, failureOf(dialect, tag, code), code);
    }
  }
}

function ledgerOf(module: string): string {
  return `${MIGRATIONS_TABLE}_${module}`;
}

async function appliedTags(dialect: Pick<Dialect, 'execute'>, ledger: string): Promise<Set<string>> {
  const rows = await withRetry(() => dialect.execute(`SELECT tag FROM ${ledger}`));
  return new Set(rows.map(([tag]) => String(tag)));
}

/** The tags of the migrations that are not applied. */
export async function pendingTags(
  dialect: Pick<Dialect, 'execute' | 'columnsOf'>,
  { name, migrations }: CheckedModule,
): Promise<string[]> {
  const ledger = ledgerOf(name);
  const exists = (await withRetry(() => dialect.columnsOf(ledger))).length > 0;
  const applied = exists ? await appliedTags(dialect, ledger) : new Set();
  return migrations.map(({ tag }) => tag).filter((tag) => !applied.has(tag));
}

/** @throws {MigrationError} when a migration is not applied */
export async function requireApplied(dialect: MigrationDialect, module: CheckedModule): Promise<void> {
  const pending = await pendingTags(dialect, module);
  if (pending.length > 0)
    throw new MigrationError(
      module.name,
      `its tables are missing or outdated (${pending.join(', ')}): run the command \`migrate\``,
    );
}

function failureOf({ kind }: MigrationDialect, tag: string, code: string): string {
  const state =
    kind === 'mysql' ? 'its first statements may have been executed' : 'nothing of it was executed';
  return `the migration ${tag} for ${kind} failed (${code}); ${state}. Correct it, and start again`;
}

/**
 * On MySQL a table that exists counts as created, so that an interrupted migration can continue. So a table of another
 * program must be found before: it lacks a column. On libSQL a migration is executed as a whole, or not at all.
 */
async function rejectForeignTables(
  dialect: MigrationDialect,
  module: string,
  all: readonly Migration[],
  pending: readonly Migration[],
): Promise<void> {
  const createdIn = (migrations: readonly Migration[]) =>
    migrations.flatMap(({ file, statements }) =>
      statements.flatMap(({ creates }) => (creates ? [{ file, ...creates }] : [])),
    );
  const known = new Set(
    createdIn(all.filter((migration) => !pending.includes(migration))).map(({ table }) => table),
  );
  for (const { file, table, columns } of createdIn(pending).filter((created) => !known.has(created.table))) {
    const existing = await withRetry(() => dialect.columnsOf(table));
    const isOurs =
      dialect.kind === 'mysql' && columns.length > 0 && columns.every((column) => existing.includes(column));
    if (existing.length > 0 && !isOurs)
      throw new MigrationError(
        module,
        `${file} creates the table ${table}, but the database has one already: of another program, or of this migration if it was changed after it had failed in the middle. Look at it before you rename or remove it`,
      );
  }
}
