import { index, sqliteTable } from 'drizzle-orm/sqlite-core';
import { ascii, moment, text, userId } from 'weapp-login/sqlite';

export const note = sqliteTable(
  'notes_note',
  {
    id: ascii('id', { length: 36 }).primaryKey(),
    userId: userId('user_id').notNull(),
    text: text('text', { length: 500 }).notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [index('notes_note_user_id').on(table.userId, table.id)],
);
