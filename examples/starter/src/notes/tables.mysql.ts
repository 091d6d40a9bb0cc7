import { index, mysqlTable } from 'drizzle-orm/mysql-core';
import { ascii, moment, text, userId } from 'weapp-login/mysql';

export const note = mysqlTable(
  'notes_note',
  {
    id: ascii('id', { length: 36 }).primaryKey(),
    userId: userId('user_id').notNull(),
    text: text('text', { length: 500 }).notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [index('notes_note_user_id').on(table.userId, table.id)],
);
