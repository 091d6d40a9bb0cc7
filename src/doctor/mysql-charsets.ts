import { getTableColumns } from 'drizzle-orm';
import type { Dialect } from '../storage/dialect.ts';
import { rateLimit, user, userTombstone } from '../storage/mysql.schema.ts';
import { type Finding, failed, ok } from './findings.ts';

const CHECK = 'database-charset';
const TABLES = { user, user_tombstone: userTombstone, rate_limit: rateLimit };

/** Compares character sets with those that the server relies on: openids are case-sensitive, names can hold emoji. */
export async function checkCharsets(dialect: Dialect): Promise<Finding[]> {
  return [await checkConnection(dialect), ...(await checkColumns(dialect)), await checkTimeZone(dialect)];
}

async function checkConnection(dialect: Dialect): Promise<Finding> {
  const [charsets = []] = await dialect.execute(
    'SELECT @@character_set_client, @@character_set_connection, @@character_set_results',
  );
  const wrong = charsets.find((charset) => charset !== 'utf8mb4');
  return wrong === undefined
    ? ok(CHECK, 'the connection uses utf8mb4')
    : failed(
        CHECK,
        `the connection uses ${wrong} instead of utf8mb4`,
        'remove skip-character-set-client-handshake from the configuration of the database',
      );
}

/** Nothing about tables that do not exist yet. */
async function checkColumns(dialect: Dialect): Promise<Finding[]> {
  const wrong: string[] = [];
  let count = 0;
  for (const [name, table] of Object.entries(TABLES)) {
    const collations = await readCollations(dialect, name);
    for (const column of Object.values(getTableColumns(table))) {
      const expected = /collate (\w+)/.exec(column.getSQLType())?.[1];
      const actual = collations.get(column.name);
      if (expected === undefined || actual === undefined) continue;
      count += 1;
      if (actual !== expected) wrong.push(`${name}.${column.name} is ${actual} instead of ${expected}`);
    }
  }
  if (wrong.length > 0)
    return [
      failed(
        CHECK,
        wrong.join(', '),
        'restore the collations of drizzle/: with others, two users can share a row',
      ),
    ];
  return count === 0 ? [] : [ok(CHECK, 'openids are compared byte for byte (ascii_bin)')];
}

async function readCollations(dialect: Dialect, table: string): Promise<Map<string, string>> {
  const rows = await dialect.execute(
    'SELECT column_name, collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?',
    [table],
  );
  return new Map(rows.map(([name, collation]) => [String(name), String(collation)]));
}

async function checkTimeZone(dialect: Dialect): Promise<Finding> {
  const [[zone] = []] = await dialect.execute('SELECT @@session.time_zone');
  return ok('database-time-zone', `${zone}: any is fine, because the server writes times in UTC itself`);
}
