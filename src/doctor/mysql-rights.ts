import type { Config } from '../config/config.ts';
import type { Dialect } from '../storage/dialect.ts';
import { toStorageError } from '../storage/storage-error.ts';
import { type Finding, failed, ok, warning } from './findings.ts';
import { readGrants } from './mysql-grants.ts';

const CHECK = 'database-rights';

/** What the server needs, and how to try it: EXPLAIN needs the rights of its statement, and executes nothing. */
const TRIALS: Readonly<Record<string, (table: string, key: string) => string>> = {
  SELECT: (table, key) => `EXPLAIN SELECT ${key} FROM ${table}`,
  INSERT: (table, key) => `EXPLAIN INSERT INTO ${table} (${key}) VALUES ('')`,
  UPDATE: (table, key) => `EXPLAIN UPDATE ${table} SET ${key} = '' WHERE 1 = 0`,
  DELETE: (table) => `EXPLAIN DELETE FROM ${table} WHERE 1 = 0`,
};

/** What migrations need in addition. Trying it would leave traces on a cluster, so SHOW GRANTS is read. */
const MIGRATION_RIGHTS = ['CREATE', 'ALTER', 'INDEX'];

/** A table, and its primary key as SQL. */
type Table = { name: string; key: string };

export async function checkRights(dialect: Dialect, database: string, config: Config): Promise<Finding[]> {
  const tables: Table[] = [
    { name: 'user', key: 'id' },
    { name: 'user_tombstone', key: 'id' },
    ...(config.rateLimitStore === 'database' ? [{ name: 'rate_limit', key: '`key`' }] : []),
  ];
  const grants = await dialect.execute('SHOW GRANTS');
  const { rights: granted, target } = readGrants(
    grants.map(([grant]) => String(grant)),
    database,
  );
  const denied = await findDenied(dialect, tables);
  const lacking = Object.keys(TRIALS).filter((right) => denied?.has(right) ?? !granted.has(right));
  const lackingToMigrate = MIGRATION_RIGHTS.filter((right) => !granted.has(right));
  const remedy = await grantStatement(dialect, target, [...lacking, ...lackingToMigrate]);
  const findings: Finding[] = [];
  if (lacking.length > 0)
    findings.push(failed(CHECK, `the account lacks ${lacking.join(', ')}, which every login needs`, remedy));
  if (lackingToMigrate.length > 0) {
    const message = `the account lacks ${lackingToMigrate.join(', ')}, which migrations need`;
    const isNeededNow = config.migrateOnStart || denied === null;
    findings.push(
      isNeededNow
        ? failed(CHECK, message, remedy)
        : warning(CHECK, message, `${remedy}; ignore this if \`npm run migrate\` uses another account`),
    );
  }
  const rights = [...Object.keys(TRIALS), ...MIGRATION_RIGHTS].join(', ');
  return findings.length > 0 ? findings : [ok(CHECK, rights)];
}

/** The rights that are denied on a table; null while a table is missing, or invisible because all are denied. */
async function findDenied(dialect: Dialect, tables: readonly Table[]): Promise<Set<string> | null> {
  const denied = new Set<string>();
  for (const { name, key } of tables) {
    if ((await dialect.columnsOf(name)).length === 0) return null;
    for (const [right, trial] of Object.entries(TRIALS))
      if (!(await isPermitted(dialect, trial(name, key)))) denied.add(right);
  }
  return denied;
}

async function isPermitted(dialect: Dialect, statement: string): Promise<boolean> {
  try {
    await dialect.execute(statement);
    return true;
  } catch (error) {
    const { code, failure } = toStorageError(error);
    if (/ACCESS_DENIED/.test(code)) return false;
    // Rights are checked first, so any other error of the statement means that they suffice.
    if (failure === 'UNAVAILABLE' && !/OPTION_PREVENTS|READ_ONLY/.test(code)) throw error;
    return true;
  }
}

async function grantStatement(dialect: Dialect, target: string, rights: readonly string[]): Promise<string> {
  const [[account = ''] = []] = await dialect.execute('SELECT CURRENT_USER()');
  const [, user = '', host = ''] = /^(.*)@([^@]*)$/s.exec(String(account)) ?? [];
  return `GRANT ${rights.join(', ')} ON ${target}.* TO '${user}'@'${host}'`;
}
