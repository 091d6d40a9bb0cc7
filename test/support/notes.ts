import { readConfig } from '../../src/config/config.ts';
import { openStorage, type Storage } from '../../src/storage/open.ts';
import type { ReadRole } from '../../src/storage/user-types.ts';
import { note as mysqlNote } from '../fixtures/notes/mysql.schema.ts';
import { note as sqliteNote } from '../fixtures/notes/sqlite.schema.ts';
import { SESSION_KEY_SECRET } from './canaries.ts';
import { environment } from './product.ts';

/** A module of a team, with one table. */
export const NOTES = { name: 'notes', folder: 'test/fixtures/notes/migrations' };
export const NOTE_TABLES = { mysql: mysqlNote, sqlite: sqliteNote };

export type Note = typeof mysqlNote.$inferSelect;

export function openNotesStorage(
  url: string,
  more: Record<string, string> = {},
  readRole?: ReadRole,
): Promise<Storage> {
  const { database } = readConfig(environment({ DATABASE_URL: url, ...more }));
  return openStorage(database, [SESSION_KEY_SECRET], { readRole });
}

export function noteOf(id: string, text: string | null = 'text'): Note {
  return { id, userId: 'u', text, createdAt: new Date('2026-03-01T12:34:56.789Z') };
}
