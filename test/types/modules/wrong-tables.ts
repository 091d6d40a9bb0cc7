import { mysqlTable } from 'drizzle-orm/mysql-core';
import { sqliteTable } from 'drizzle-orm/sqlite-core';
import type { Database } from '../../../src/storage/database-types.ts';
import * as my from '../../../src/storage/mysql.columns.ts';
import * as lite from '../../../src/storage/sqlite.columns.ts';

const mysql = mysqlTable('notes_note', {
  id: my.ascii('id', { length: 36 }).primaryKey(),
  text: my.text('text', { length: 9 }),
});
const id = lite.ascii('id', { length: 36 }).primaryKey();
const text = lite.text('text', { length: 9 });

/** Each line but the one that is right must fail to compile: test/module-storage.test.ts reads the messages. */
export function wrongTables({ rows }: Database): void {
  rows({ mysql, sqlite: sqliteTable('notes_note', { id }) });
  rows({ mysql, sqlite: sqliteTable('notes_note', { id, text, more: lite.userId('more') }) });
  rows({ mysql, sqlite: sqliteTable('notes_note', { id, text: text.notNull() }) });
  rows({ mysql, sqlite: sqliteTable('notes_note', { id, text: lite.moment('text') }) });
  rows({ mysql, sqlite: sqliteTable('notes_note', { id, text }) });
  rows({
    mysql,
    sqlite: sqliteTable('notes_note', {
      id: lite
        .ascii('id', { length: 36 })
        .primaryKey()
        .$defaultFn(() => ''),
      text,
    }),
  });
}
