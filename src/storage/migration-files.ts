import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODULE_NAME } from '../common/identifiers.ts';
import { isRecord, parseObject } from '../common/json.ts';
import { type DialectName, parseMigration, type StatementFacts } from './migration-sql.ts';

/** The migrations of a module: `folder` has the folders `mysql` and `sqlite`, made by drizzle-kit. */
export type ModuleMigrations = { name: string; folder: string };

/** Migrations of a module that must not or cannot be run. The message says which file, and what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly module: string;
  /** The driver's code if a statement failed. */
  readonly code: string | undefined;

  constructor(module: string, message: string, code?: string) {
    super(`Module ${module}: ${message}.`);
    this.module = module;
    this.code = code;
  }
}

export type Migration = { tag: string; file: string; statements: StatementFacts[] };

/** A module whose migrations may be run. */
export type CheckedModule = { name: string; migrations: Migration[] };

const TAG = /^[\w-]{1,150}$/;
const OURS = /^(user|user_tombstone|rate_limit|weapp_login_.*)$/i;
/** drizzle-kit changes a column of SQLite by a new table with this name. */
const REPLACEMENT = /^__new_/;

/**
 * Reads all files, and changes nothing.
 * @throws {MigrationError}
 */
export function readModules(modules: readonly ModuleMigrations[], dialect: DialectName): CheckedModule[] {
  const names = modules.map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (!MODULE_NAME.test(name))
      throw new MigrationError(name, 'a name is up to 32 of a-z, 0-9 and _, and begins with a letter');
    if (names.indexOf(name) !== i)
      throw new MigrationError(name, 'there are two modules of this name: rename one');
  }
  return modules.map(({ name, folder }) => {
    const migrations = readMigrations(name, join(folder, dialect), dialect);
    const longerNames = names.filter((other) => other.startsWith(`${name}_`));
    for (const migration of migrations) checkMigration(name, longerNames, migration);
    return { name, migrations };
  });
}

function readMigrations(module: string, folder: string, dialect: DialectName): Migration[] {
  const journal = join(folder, 'meta', '_journal.json');
  if (!existsSync(journal))
    throw new MigrationError(module, `${journal} is missing: run drizzle-kit generate for ${dialect}`);
  const entries = parseObject(readFileSync(journal, 'utf8'))?.entries;
  if (!Array.isArray(entries) || !entries.every(isRecord))
    throw new MigrationError(module, `${journal} is not a journal of drizzle-kit: generate it again`);
  return entries.map(({ tag }) => {
    const file = join(folder, `${tag}.sql`);
    if (typeof tag !== 'string' || !TAG.test(tag) || !existsSync(file))
      throw new MigrationError(module, `${file} is missing, but ${journal} names it: restore the file`);
    return { tag, file, statements: parseMigration(readFileSync(file, 'utf8'), dialect) };
  });
}

function checkMigration(
  module: string,
  longerNames: readonly string[],
  { file, statements }: Migration,
): void {
  for (const { names, unknown } of statements) {
    if (unknown !== undefined)
      throw new MigrationError(
        module,
        `${file} has a statement that is not supported (${unknown} …): a migration may create, change and drop tables and indexes, and write their rows`,
      );
    for (const name of names) checkName(module, longerNames, file, name);
  }
}

function checkName(module: string, longerNames: readonly string[], file: string, name: string): void {
  const table = name.replace(REPLACEMENT, '');
  const isIn = (owner: string) => table.startsWith(`${owner}_`) && !name.includes('.');
  if (OURS.test(name))
    throw new MigrationError(
      module,
      `${file} names ${name}, a table of weapp-login: to refer to a user, use the column userId() without a foreign key`,
    );
  if (!isIn(module))
    throw new MigrationError(
      module,
      `${file} names ${name}, which does not begin with ${module}_ in small letters: rename it, and generate the migration again`,
    );
  const owner = longerNames.find(isIn);
  if (owner !== undefined)
    throw new MigrationError(
      module,
      `${file} names ${name}, which belongs to the module ${owner}: rename it`,
    );
}
