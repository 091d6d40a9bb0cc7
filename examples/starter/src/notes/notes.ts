import { and, asc, desc, eq, inArray } from 'drizzle-orm';
import { type Core, clientError, inRange, type PageRange } from 'weapp-login';
import { note as mysql } from './tables.mysql.ts';
import { note as sqlite } from './tables.sqlite.ts';

export type Note = typeof mysql.$inferSelect;
export type Notes = ReturnType<typeof createNotes>;

export const MAX_NOTES = 100;
export const MAX_CHARS = 500;

/** The notes of all users. */
export function createNotes({ database, newId, now }: Core) {
  const notes = database.rows({ mysql, sqlite });
  const { id, userId } = notes.columns;
  return {
    async add(owner: string, text: string): Promise<Note> {
      if ((await notes.count(eq(userId, owner))) >= MAX_NOTES)
        throw clientError('NOTES_TOO_MANY', `You have ${MAX_NOTES} notes already.`);
      const note = { id: newId(), userId: owner, text, createdAt: new Date(now()) };
      await notes.insert(note);
      return note;
    },
    page: (owner: string, range: PageRange): Promise<Note[]> =>
      notes.find({
        where: and(eq(userId, owner), inRange(id, range)),
        orderBy: range.descending ? desc(id) : asc(id),
        limit: range.limit,
      }),
    /** One statement for any number of users. */
    async ofUsers(owners: readonly string[]): Promise<Note[][]> {
      const found = await notes.find({ where: inArray(userId, [...owners]), orderBy: asc(id) });
      return owners.map((owner) => found.filter((note) => note.userId === owner));
    },
  };
}

/** @throws BAD_USER_INPUT */
export function checkText(text: string): string {
  if (text.trim() !== '' && [...text].length <= MAX_CHARS && text.isWellFormed()) return text;
  throw clientError('BAD_USER_INPUT', `text is empty or too long: send 1 to ${MAX_CHARS} characters.`);
}
