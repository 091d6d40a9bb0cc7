import { readFileSync } from 'node:fs';
import { getTableColumns } from 'drizzle-orm';
import { z } from 'zod';
import { packageFile } from '../common/package-file.ts';
import { type Dialect, MIGRATIONS_TABLE } from '../storage/dialect.ts';
import { readModules } from '../storage/migration-files.ts';
import { rejectForeignTables } from '../storage/migrations.ts';
import { pendingTags } from '../storage/module-migrations.ts';
import { user, userTombstone } from '../storage/mysql.schema.ts';
import type { Subject } from './check.ts';
import { about, type Finding, failed, ok, warning } from './findings.ts';

const CHECK = 'database-migrations';

export type TableReader = Pick<Dialect, 'execute' | 'columnsOf'>;

type Migration = { tag: string; when: number };

const journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) });

/** Compares the migrations in the database with those in drizzle/, and those of modules with their files. */
export async function checkMigrations(
  reader: TableReader,
  { config, explain, migrations }: Pick<Subject, 'config' | 'explain' | 'migrations'>,
): Promise<Finding[]> {
  try {
    await rejectForeignTables(reader);
  } catch (error) {
    return [failed(CHECK, 'the tables cannot be used', explain(error))];
  }
  const { dialect } = config.database;
  const ours = readJournal(dialect);
  const missing = await findMissingColumns(reader);
  const applied = await readApplied(reader);
  const ofModules = readModules(migrations, dialect).map(async (module) => {
    const all = module.migrations.map(({ tag }) => tag);
    const pending = await pendingTags(reader, module);
    return about(module.name, [
      pending.length > 0
        ? pendingFinding(all, pending, config.migrateOnStart)
        : ok(CHECK, `all ${all.length} are applied`),
    ]);
  });
  if (applied === null && missing.length === 0)
    return [
      warning(
        CHECK,
        `the tables are complete, but this account cannot see ${MIGRATIONS_TABLE}`,
        `GRANT SELECT on ${MIGRATIONS_TABLE}, which records the migrations`,
      ),
    ];
  return [
    compareMigrations(ours, applied ?? [], missing, config.migrateOnStart),
    ...(await Promise.all(ofModules)).flat(),
  ];
}

function compareMigrations(
  ours: readonly Migration[],
  applied: readonly number[],
  missing: readonly string[],
  migrateOnStart: boolean,
): Finding {
  const pending = ours.filter(({ when }) => !applied.includes(when));
  const last = Math.max(0, ...applied);
  const late = pending.filter(({ when }) => when < last);
  if (late.length > 0)
    return failed(
      CHECK,
      `not applied, and older than the last applied migration: ${tagsOf(late).join(', ')}`,
      'the migrator skips them: restore a backup, or apply their files in drizzle/ by hand',
    );
  if (pending.length > 0) return pendingFinding(tagsOf(ours), tagsOf(pending), migrateOnStart);
  if (missing.length > 0)
    return failed(
      CHECK,
      `all ${ours.length} are recorded as applied, but these are missing: ${missing.join(', ')}`,
      'restore a backup: somebody changed the tables',
    );
  if (applied.length > ours.length)
    return warning(
      CHECK,
      `the database has ${applied.length - ours.length} migrations of a newer version`,
      'upgrade this server to the version that made them',
    );
  return ok(CHECK, `all ${ours.length} are applied`);
}

function pendingFinding(all: readonly string[], pending: readonly string[], atStart: boolean): Finding {
  const message = `${pending.length} of ${all.length} are pending: ${pending.join(', ')}`;
  return atStart
    ? ok(CHECK, `${message}; the next start applies them (MIGRATE_ON_START)`)
    : failed(CHECK, message, 'run `npm run migrate`');
}

function tagsOf(migrations: readonly Migration[]): string[] {
  return migrations.map(({ tag }) => tag);
}

export function readJournal(dialect: 'mysql' | 'sqlite'): Migration[] {
  const file = packageFile(`drizzle/${dialect}/meta/_journal.json`);
  return journal.parse(JSON.parse(readFileSync(file, 'utf8'))).entries;
}

/** The times by which Drizzle identifies migrations; null without their table, or if this account cannot see it. */
async function readApplied(reader: TableReader): Promise<number[] | null> {
  if ((await reader.columnsOf(MIGRATIONS_TABLE)).length === 0) return null;
  const rows = await reader.execute(`SELECT created_at FROM ${MIGRATIONS_TABLE}`);
  return rows.map(([createdAt]) => Number(createdAt));
}

async function findMissingColumns(reader: TableReader): Promise<string[]> {
  const tables = { user, user_tombstone: userTombstone };
  const missing = Object.entries(tables).map(async ([name, table]) => {
    const existing = await reader.columnsOf(name);
    const expected = Object.values(getTableColumns(table)).map((column) => column.name);
    return expected.filter((column) => !existing.includes(column)).map((column) => `${name}.${column}`);
  });
  return (await Promise.all(missing)).flat();
}
