import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MigrationError } from '../src/storage/migration-files.ts';
import { parseMigration } from '../src/storage/migration-sql.ts';
import { DATABASES, definitionsIn, runAnySql } from './support/databases.ts';
import { NOTE_TABLES, NOTES, noteOf, openNotesStorage } from './support/notes.ts';

/** A copy of the migrations of `notes`, with more. */
function folderWith(...more: { tag: string; sql: string }[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-notes-'));
  cpSync(NOTES.folder, folder, { recursive: true });
  for (const [i, { tag, sql }] of more.entries()) addMigration(folder, i + 1, tag, sql);
  return folder;
}

function addMigration(folder: string, idx: number, tag: string, sql: string): void {
  for (const dialect of ['mysql', 'sqlite']) {
    const journal = join(folder, dialect, 'meta/_journal.json');
    const content = JSON.parse(readFileSync(journal, 'utf8'));
    content.entries.push({ idx, tag, when: Date.now() + idx, version: '5', breakpoints: true });
    writeFileSync(journal, JSON.stringify(content));
    writeFileSync(join(folder, dialect, `${tag}.sql`), sql);
  }
}

/** A module with one migration. */
function moduleOf(name: string, sql: string) {
  const folder = mkdtempSync(join(tmpdir(), `weapp-login-${name}-`));
  for (const dialect of ['mysql', 'sqlite']) {
    const journal = join(folder, dialect, 'meta/_journal.json');
    mkdirSync(dirname(journal), { recursive: true });
    writeFileSync(journal, '{"entries":[]}');
  }
  addMigration(folder, 0, '0000_first', sql);
  return { name, folder };
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(DATABASES)('the migrations of modules on $name', (database) => {
  const ledger = async (url: string, name: string) =>
    JSON.parse(
      JSON.stringify(await runAnySql(url, `SELECT tag FROM weapp_login_migrations_${name} ORDER BY tag`)),
    ).map(({ tag }: { tag: string }) => tag);

  test('are applied once, after ours, each module with a ledger of its own', async () => {
    const url = await database.create();
    const storage = await openNotesStorage(url);
    const tags = moduleOf('tags', 'CREATE TABLE tags_tag (id varchar(36) NOT NULL PRIMARY KEY);');
    await storage.migrate([NOTES, tags]);
    await storage.migrate([NOTES, tags]);
    await storage.migrate();
    await storage.check();
    expect(await ledger(url, 'notes')).toEqual(['0000_note']);
    expect(await ledger(url, 'tags')).toEqual(['0000_first']);
    await storage.database.rows(NOTE_TABLES).insert(noteOf('a'));
    // Also one that was merged late, with an older time than the newest.
    const folder = folderWith({
      tag: '0001_more',
      sql: "ALTER TABLE notes_note ADD mood varchar(9);\n--> statement-breakpoint\n-- a; comment\n--> statement-breakpoint\nUPDATE notes_note SET mood = ';--' WHERE id = 'a'",
    });
    await storage.migrate([{ name: 'notes', folder }, tags]);
    expect(await runAnySql(url, 'SELECT id, mood FROM notes_note')).toMatchObject([{ id: 'a', mood: ';--' }]);
    expect(await ledger(url, 'notes')).toEqual(['0000_note', '0001_more']);
    await storage.close();
  });

  test('are applied by ten processes at once', async () => {
    const url = await database.create();
    const processes = await Promise.all(Array.from({ length: 10 }, () => openNotesStorage(url)));
    await Promise.all(processes.map((each) => each.migrate([NOTES])));
    for (const each of processes) expect(await each.database.rows(NOTE_TABLES).count()).toBe(0);
    expect(await ledger(url, 'notes')).toEqual(['0000_note']);
    await Promise.all(processes.map((each) => each.close()));
  });

  const NO_PREFIX = 'which does not begin with notes_';
  const OURS = 'a table of weapp-login';
  test.each([
    ['CREATE TABLE `note` (`id` int PRIMARY KEY)', NO_PREFIX],
    ['create table if not exists note (id int)', NO_PREFIX],
    ['CREATE TABLE other.notes_x (id int)', NO_PREFIX],
    ['ALTER TABLE `other` ADD `x` int', NO_PREFIX],
    ['ALTER TABLE `notes_note` RENAME TO `other`', NO_PREFIX],
    ['DROP TABLE `other`', NO_PREFIX],
    ['DROP TABLE notes_a, user', OURS],
    ['RENAME TABLE notes_a TO user_tombstone', OURS],
    ['CREATE UNIQUE INDEX `i` ON `rate_limit` (`key`)', OURS],
    ['DROP INDEX `user_union_id`', NO_PREFIX],
    ['DROP INDEX `user_union_id` ON `user`', OURS],
    ["INSERT INTO `weapp_login_lease` VALUES ('x')", OURS],
    ['UPDATE USER SET role = 1', OURS],
    ["/* ; */ DELETE FROM `user` WHERE id = ';'", OURS],
    ['TRUNCATE TABLE user', OURS],
    ['CREATE TABLE notes_x (id int, FOREIGN KEY (id) REFERENCES `user`(`id`))', OURS],
    ['CREATE TABLE notes_x (id int); DROP TABLE user', OURS],
    ['DELETE FROM notes_x, user USING notes_x', 'is not supported (DELETE FROM notes_x,'],
    ['CREATE VIEW notes_v AS SELECT * FROM user', 'is not supported (CREATE VIEW notes_v'],
    ['CREATE TRIGGER t AFTER INSERT ON user BEGIN SELECT 1; END', 'is not supported (CREATE TRIGGER t'],
    ['GRANT ALL ON *.* TO x', 'is not supported (GRANT ALL ON'],
    ['CREATE TABLE notes_tags_x (id int)', 'which belongs to the module notes_tags'],
  ])('that must not be run fail before anything is touched: %s', async (sql, message) => {
    const url = await database.create();
    const before = await definitionsIn(url);
    const storage = await openNotesStorage(url);
    const folder = folderWith({ tag: '0001_bad', sql });
    const other = moduleOf('notes_tags', '');
    const error = await errorOf(storage.migrate([other, { name: 'notes', folder }]));
    expect(error).toBeInstanceOf(MigrationError);
    expect(error).toMatchObject({ module: 'notes', code: undefined });
    expect(String(error)).toContain(message);
    expect(String(error)).toMatch(/^MigrationError: Module notes: .*\/0001_bad\.sql /);
    expect(await definitionsIn(url)).toEqual(before);
    await storage.close();
  });

  test('whose files are missing or damaged fail before anything is touched', async () => {
    const url = await database.create();
    const before = await definitionsIn(url);
    const storage = await openNotesStorage(url);
    const dialect = url.startsWith('mysql:') ? 'mysql' : 'sqlite';
    const damaged = (damage: (folder: string) => void) => {
      const folder = folderWith();
      damage(join(folder, dialect));
      return { name: 'notes', folder };
    };
    const cases: [{ name: string; folder: string }[], string][] = [
      [[damaged((folder) => rmSync(folder, { recursive: true }))], '_journal.json is missing'],
      [[damaged((folder) => rmSync(join(folder, 'meta/_journal.json')))], '_journal.json is missing'],
      [[damaged((folder) => writeFileSync(join(folder, 'meta/_journal.json'), '{}'))], 'is not a journal'],
      [[damaged((folder) => writeFileSync(join(folder, 'meta/_journal.json'), 'x'))], 'is not a journal'],
      [[damaged((folder) => rmSync(join(folder, '0000_note.sql')))], '0000_note.sql is missing'],
      [[{ ...NOTES, name: 'No' }], 'a name is up to 32'],
      [[NOTES, NOTES], 'two modules of this name'],
    ];
    for (const [modules, message] of cases) {
      const error = await errorOf(storage.migrate(modules));
      expect(error).toBeInstanceOf(MigrationError);
      expect(String(error)).toContain(message);
    }
    expect(await definitionsIn(url)).toEqual(before);
    await storage.close();
  });

  test('that fail in the middle name module, migration and code; repaired, they continue', async () => {
    const url = await database.create();
    const storage = await openNotesStorage(url);
    const first = 'CREATE TABLE notes_tag (id varchar(36) NOT NULL PRIMARY KEY);\n--> statement-breakpoint\n';
    const folder = folderWith({
      tag: '0001_tag',
      sql: `${first}ALTER TABLE notes_note DROP COLUMN nothing, 'secret'`,
    });
    const error = await errorOf(storage.migrate([{ name: 'notes', folder }]));
    expect(error).toBeInstanceOf(MigrationError);
    expect(error).toMatchObject({
      module: 'notes',
      code: expect.stringMatching(/^(ER_PARSE_ERROR|SQLITE_ERROR)$/),
    });
    expect(String(error)).toContain('the migration 0001_tag');
    expect(String(error)).not.toContain('secret');
    expect(await ledger(url, 'notes')).toEqual(['0000_note']);
    const exists = JSON.stringify(await definitionsIn(url)).includes('notes_tag');
    expect(exists).toBe(url.startsWith('mysql:'));
    for (const dialect of ['mysql', 'sqlite'])
      writeFileSync(
        join(folder, dialect, '0001_tag.sql'),
        `${first}ALTER TABLE notes_note ADD tag varchar(36)`,
      );
    await storage.migrate([{ name: 'notes', folder }]);
    expect(await ledger(url, 'notes')).toEqual(['0000_note', '0001_tag']);
    // The lease is free again.
    expect(await runAnySql(url, 'SELECT holder FROM weapp_login_lease')).toEqual([]);
    await storage.close();
  });

  test('do not take a table of another program for theirs', async () => {
    const url = await database.create();
    const storage = await openNotesStorage(url);
    await runAnySql(url, 'CREATE TABLE notes_note (id varchar(36) PRIMARY KEY, body text)');
    const error = await errorOf(storage.migrate([NOTES]));
    expect(error).toBeInstanceOf(MigrationError);
    expect(String(error)).toContain('has one already: of another program');
    expect(await ledger(url, 'notes')).toEqual([]);
    await storage.close();
  });

  test('do not take a table with the same columns for theirs on libSQL, where nothing can be interrupted', async () => {
    if (isMysql(database.name)) return;
    const url = await database.create();
    const storage = await openNotesStorage(url);
    await runAnySql(url, 'CREATE TABLE notes_note (id text, user_id text, text text, created_at integer)');
    const error = await errorOf(storage.migrate([NOTES]));
    expect(String(error)).toContain('has one already: of another program');
    await storage.close();
  });

  test('that were interrupted after a table was created continue on MySQL', async () => {
    if (!isMysql(database.name)) return;
    const url = await database.create();
    const [create = ''] = readFileSync(`${NOTES.folder}/mysql/0000_note.sql`, 'utf8').split('-->');
    await runAnySql(url, create);
    const storage = await openNotesStorage(url);
    await storage.migrate([NOTES]);
    expect(await ledger(url, 'notes')).toEqual(['0000_note']);
    expect(
      await runAnySql(url, "SHOW INDEX FROM notes_note WHERE Key_name = 'notes_note_user_id'"),
    ).toHaveLength(1);
    await storage.close();
  });

  test('may replace a table as drizzle-kit does on SQLite', async () => {
    if (isMysql(database.name)) return;
    const url = await database.create();
    const storage = await openNotesStorage(url);
    const sql = [
      'PRAGMA foreign_keys=OFF;',
      'CREATE TABLE `__new_notes_note` (\n\t`id` text PRIMARY KEY NOT NULL,\n\t`text` text\n);\n',
      'INSERT INTO `__new_notes_note`("id", "text") SELECT "id", "text" FROM `notes_note`;',
      'DROP TABLE `notes_note`;',
      'ALTER TABLE `__new_notes_note` RENAME TO `notes_note`;',
      'PRAGMA foreign_keys=ON;',
    ].join('--> statement-breakpoint\n');
    await storage.migrate([NOTES]);
    await storage.migrate([{ name: 'notes', folder: folderWith({ tag: '0001_new', sql }) }]);
    expect(await ledger(url, 'notes')).toEqual(['0000_note', '0001_new']);
    await storage.close();
  });
});

function isMysql(name: string): boolean {
  return name === 'MariaDB';
}

test('the columns of a table are read from its statement', () => {
  const [facts] = parseMigration(
    "CREATE TABLE notes_x (id int NOT NULL DEFAULT (1), `price` decimal(9,2), body text COMMENT 'a, b)', PRIMARY KEY (id), UNIQUE KEY k (`price`, body)) ENGINE=InnoDB",
    'mysql',
  );
  expect(facts?.creates).toEqual({ table: 'notes_x', columns: ['id', 'price', 'body'] });
});

test('what a server would run inside a comment is not skipped', () => {
  const [facts] = parseMigration('/*!50000 DROP TABLE user */', 'mysql');
  expect(facts?.unknown).toContain('DROP');
});
