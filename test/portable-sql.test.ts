import { readdirSync, readFileSync } from 'node:fs';
import { asc, desc, eq, inArray } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Statements } from '../src/storage/database-types.ts';
import type { Users } from '../src/storage/user-types.ts';
import { runSql } from './support/databases.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from './support/mariadb.ts';
import { NOTE_TABLES, NOTES, noteOf } from './support/notes.ts';
import { tableRows } from './support/pages.ts';
import { APP_ID, startProduct } from './support/product.ts';

/** The server keeps what it received. */
const LOGGED = ['--general-log=1', '--log-output=TABLE'];

/** A restriction of TiDB or Vitess, named as in docs/clusters.md. */
type Restriction = {
  name: string;
  breaks(statement: string): boolean;
  /** The statements that break it all the same; docs/clusters.md names them. */
  exceptions?: RegExp[];
};

const CHARACTER_SETS = ['ascii', 'latin1', 'binary', 'utf8', 'utf8mb4', 'gbk'];
const COLLATIONS = [
  ...['ascii_bin', 'binary', 'gbk_bin', 'gbk_chinese_ci', 'latin1_bin', 'utf8_bin', 'utf8_general_ci'],
  ...['utf8_unicode_ci', 'utf8mb4_bin', 'utf8mb4_general_ci', 'utf8mb4_unicode_ci'],
  ...['utf8mb4_0900_ai_ci', 'utf8mb4_0900_bin'],
];

const UPSERT_OF_LOGIN =
  /^insert into user \(.*\(select max\(user_tombstone\.disabled_at\) from user_tombstone/;
const UPSERT_OF_COUNTER = /^insert into portable\.rate_limit /;
const READ_TABLES = /^select \(select id from user limit 1\), \(select id from user_tombstone limit 1\)$/;
const MIGRATIONS_TABLE = /^create table if not exists weapp_login_migrations /;

const RESTRICTIONS: Restriction[] = [
  breaking(
    'procedures, functions, triggers, events',
    /^(create|alter|drop) .*\b(procedure|function|trigger|event)\b|^call /,
  ),
  breaking('foreign keys', /\bforeign key\b|\breferences\b/),
  breaking('lock functions', /\b(get_lock|release_lock|is_free_lock|is_used_lock)\b/),
  breaking('`LOCK TABLES`, `XA`, savepoints, `HANDLER`', /^(un)?lock tables|^xa |^savepoint|^handler /),
  breaking('temporary tables, views', /\btemporary table\b|^(create|alter) .*\bview\b/),
  breaking('full-text and spatial indexes', /\bfulltext\b|\bspatial\b|\bmatch ?\(/),
  breaking('partitions, table spaces', /\bpartition\b|\btablespace\b/),
  breaking('generated columns, check constraints', /\bgenerated always\b|\bcheck ?\(/),
  {
    name: 'character sets',
    breaks: (statement) => {
      const used = [...statement.matchAll(/\b(?:character set|charset|set names)[ =]+(\w+)/g)];
      return !used.every(([, name = '']) => CHARACTER_SETS.includes(name));
    },
  },
  {
    name: 'collations',
    breaks: (statement) => {
      const used = [...statement.matchAll(/\bcollate[ =]+(\w+)/g)];
      return !used.every(([, name = '']) => COLLATIONS.includes(name));
    },
  },
  {
    name: 'several changes in one `ALTER TABLE`',
    breaks: (statement) => statement.startsWith('alter table') && withoutParentheses(statement).includes(','),
  },
  breaking(
    'changes of a column type or a primary key',
    /^alter table .* (modify|change|(add|drop) primary key)\b/,
  ),
  {
    name: 'tables without a primary key',
    breaks: (statement) => statement.startsWith('create table') && !statement.includes('primary key'),
  },
  breaking('`CREATE TABLE … SELECT`', /^create table [^(]*\bselect\b/),
  {
    ...breaking(
      'ids in the order of insertion',
      /\bauto_increment\b|\bserial\b|\blast_insert_id\b|\bauto_random\b/,
    ),
    exceptions: [MIGRATIONS_TABLE],
  },
  breaking('`SELECT … INTO`', /^select .* into /),
  breaking('row locks of reads', /\bfor update\b|\block in share mode\b|\bfor share\b/),
  breaking('`REPLACE`', /^replace /),
  breaking(
    '`UPDATE` and `DELETE` with `LIMIT`, `ORDER BY` or several tables',
    /^(update|delete) .* (limit|order by|join|using) /,
  ),
  breaking('joins, unions', /\bjoin\b|\bunion\b/),
  breaking('window functions, common table expressions', /\bover ?\(|^with /),
  {
    name: 'order by an expression',
    breaks: (statement) =>
      /\border by (?!(?:[\w.]+(?: asc| desc)?(?:, |(?= limit |$)))+(?: limit |$))/.test(statement),
  },
  breaking('several statements in one query', /;/),
  breaking(
    'writes of the key columns of a row',
    /^update .* set (?:.*, )?(?:id|app_id|open_id) = |on duplicate key update (?:.*, )?(?:id|app_id|open_id) = /,
  ),
  {
    name: 'subqueries',
    breaks: (statement) => statement.replace(/^select /, '').includes('select '),
    exceptions: [UPSERT_OF_LOGIN, READ_TABLES],
  },
  {
    ...breaking('transactions of several statements', /^(begin|start transaction|commit|rollback)/),
    exceptions: [/^(begin|commit)$/, /^(start transaction|rollback)$/],
  },
  {
    ...breaking('`VALUES()` and the new row in an upsert', /^insert .* on duplicate key update/),
    exceptions: [UPSERT_OF_LOGIN, UPSERT_OF_COUNTER, /^insert into user_tombstone /],
  },
  {
    ...breaking('variables that are unknown there', /\bwsrep_/),
    exceptions: [/^set session sql_mode = '', session wsrep_sync_wait = 7$/],
  },
];

function breaking(name: string, pattern: RegExp): Restriction {
  return { name, breaks: (statement) => pattern.test(statement) };
}

function withoutParentheses(statement: string): string {
  return statement.replace(/\([^()]*\)/g, '');
}

const MIGRATIONS = ['drizzle', NOTES.folder]
  .flatMap((folder) => readdirSync(`${folder}/mysql`).map((file) => `${folder}/mysql/${file}`))
  .filter((file) => file.endsWith('.sql'))
  .flatMap((file) => readFileSync(file, 'utf8').split('--> statement-breakpoint'))
  .map((statement) => normalize(statement).replace(/;$/, ''));

/** All verbs that modules have. */
async function useNotes({ rows }: Statements): Promise<void> {
  const notes = rows(NOTE_TABLES);
  const where = eq(notes.columns.id, 'a');
  await notes.insert([noteOf('a'), noteOf('b')]);
  await notes.find({ where, orderBy: [asc(notes.columns.createdAt), desc(notes.columns.id)], limit: 2 });
  await notes.find();
  await notes.count(where);
  await notes.update(where, { text: 'x' });
  await notes.remove(inArray(notes.columns.id, ['a', 'b']));
}

/** In lower case, without the content of strings, comments and the quotes of names. */
function normalize(statement: string): string {
  return statement
    .replace(/'(?:[^'\\]|\\.|'')*'/g, "''")
    .replace(/\/\*[^!M].*?\*\/|--.*$/gms, ' ')
    .replaceAll('`', '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

describe.skipIf(!hasMariaDb())('the statements that a server receives, and the migrations', () => {
  let mariadb: MariaDb;
  let sent: string[];
  beforeAll(async () => {
    mariadb = await startMariaDb(LOGGED);
    await runSql(mariadb.url, 'CREATE DATABASE portable');
    await runSql(mariadb.url, 'TRUNCATE mysql.general_log');
    const url = `${mariadb.url}/portable`;
    const product = await startProduct(url, {
      RATE_LIMIT_STORE: 'database',
      RATE_LIMIT_LOGINS_PER_ADDRESS: '100',
      RATE_LIMIT_LOGINS_PER_APP: '100',
    });
    const { users, ping, migrate, database } = product.app.storage;
    await Promise.all(['a', 'b', 'c'].map((name) => product.login(`dev:${name}`)));
    const { data } = await product.login('dev:a', { userInfo: { nickName: 'A', city: 'B' } });
    const { id = '', openId = '' } = data?.login.user ?? {};
    // The compiler demands each method, in an order in which the user exists until the last.
    const calls: Record<keyof Users, () => unknown> = {
      newId: () => users.newId(),
      enrol: () => users.enrol({ appId: APP_ID, openId, sessionKey: 'x', unionId: 'u'.repeat(28) }, {}),
      byId: () => users.byId(id),
      byOpenId: () => users.byOpenId(APP_ID, openId),
      byUnionIds: () => users.byUnionIds(['u', 'v']),
      byIdOrOpenId: () => users.byIdOrOpenId(openId),
      page: async () => {
        const filter = {
          appId: APP_ID,
          role: 'USER' as const,
          disabled: false,
          phoneNumber: '+861',
          search: 'a',
        };
        await users.page({ limit: 2, after: id, before: id, filter });
        await users.page({ limit: 2, descending: true, filter: { search: openId } });
      },
      count: () => users.count({ disabled: true }),
      updateProfile: () => users.updateProfile(id, { nickName: 'B' }),
      setPhone: () => users.setPhone(id, { number: '+8613800000000', countryCode: '86' }),
      setRole: () => users.setRole(id, 'ADMIN'),
      sessionKey: () => users.sessionKey(id),
      revokeTokens: () => users.revokeTokens(id, 0),
      setDisabled: async () => {
        await users.setDisabled(id, false);
        await users.setDisabled(id, true);
        await users.setDisabled(id, false);
        await users.setDisabled(id, true);
      },
      erase: async () => {
        const user = await users.byId(id);
        if (user) await users.erase(user);
      },
    };
    for (const call of Object.values(calls)) await call();
    await ping();
    await migrate([NOTES]);
    await useNotes(database);
    await database.transaction(useNotes);
    await database.transaction(() => Promise.reject(new Error('no'))).catch(() => undefined);
    await product.close();
    sent = await statementsIn(mariadb);
  });
  afterAll(() => mariadb.stop());

  test('the server has received the statements of all operations', () => {
    for (const start of [
      'set session',
      'create table',
      'select',
      'insert into user',
      'update user',
      'delete from user',
      'start transaction',
      'rollback',
      'insert into notes_note',
      'create table if not exists weapp_login_migrations_notes',
    ])
      expect(
        sent.some((statement) => statement.startsWith(start)),
        start,
      ).toBe(true);
    for (const migration of MIGRATIONS) expect(sent).toContain(migration);
    expect(sent.length).toBeGreaterThan(30);
  });

  test.each(RESTRICTIONS)(
    '$name: no other statements than docs/clusters.md names',
    ({ breaks, exceptions = [] }) => {
      const broken = [...new Set([...MIGRATIONS, ...sent])].filter(breaks);
      expect(
        broken.filter((statement) => !exceptions.some((exception) => exception.test(statement))),
      ).toEqual([]);
      // An exception that no longer occurs must be deleted.
      for (const exception of exceptions)
        expect(
          broken.some((statement) => exception.test(statement)),
          String(exception),
        ).toBe(true);
    },
  );
});

test.each([
  'ALTER TABLE `a` ADD `b` int, ADD `c` varchar(3)',
  'SELECT (SELECT 1)',
  'CREATE TABLE t (a int) COLLATE latin1_swedish_ci',
])('a statement that breaks a restriction is found: %s', (statement) => {
  expect(RESTRICTIONS.filter(({ breaks }) => breaks(normalize(statement))).length).toBeGreaterThan(0);
});

test.each(['docs/clusters.md', 'docs/clusters.zh-CN.md'])('%s lists each restriction once', (page) => {
  const rows = tableRows(page).filter((cells) => cells.length === 4);
  expect(rows.length - 1).toBe(RESTRICTIONS.length);
});

test('docs/clusters.md names the restrictions as the test does', () => {
  const named = tableRows('docs/clusters.md')
    .filter((cells) => cells.length === 4)
    .map(([name = '']) => name);
  expect(named.slice(1)).toEqual(RESTRICTIONS.map(({ name }) => name));
});

/** What the server received from its clients, without this query. */
async function statementsIn({ url }: MariaDb): Promise<string[]> {
  const rows = await runSql(
    url,
    "SELECT DISTINCT CAST(argument AS CHAR) AS text FROM mysql.general_log WHERE command_type IN ('Query', 'Prepare')",
  );
  const texts: { text: string }[] = JSON.parse(JSON.stringify(rows));
  const statements = texts
    .map(({ text }) => normalize(text))
    .filter((text) => !text.includes('mysql.general_log'));
  return [...new Set(statements)];
}
