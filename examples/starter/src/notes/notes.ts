import { and, asc, desc, eq, inArray } from 'drizzle-orm';
import { type Core, clientError, inRange, type PageRange } from 'weapp-login';
import { note as mysql } from './tables.mysql.ts';
import { note as sqlite } from './tables.sqlite.ts';

export type Note = typeof mysql.$inferSelect;
export type Notes = ReturnType<typeof createNotes>;

const MAX_NOTES = 100;

/** The notes of all users. */
export function createNotes({ database, newId, now }: Core) {
  const { columns, ...notes } = database.rows({ mysql, sqlite });
  return {
    async add(userId: string, text: string): Promise<Note> {
      if ((await notes.count(eq(columns.userId, userId))) >= MAX_NOTES)
        throw clientError('NOTES_TOO_MANY', `You have ${MAX_NOTES} notes already: remove one first.`);
      const note = { id: newId(), userId, text, createdAt: new Date(now()) };
      await notes.insert(note);
      return note;
    },
    /** Whether the user had this note. */
    remove: async (userId: string, id: string) =>
      (await notes.remove(and(eq(columns.userId, userId), eq(columns.id, id)))) > 0,
    page: (userId: string, range: PageRange) =>
      notes.find({
        where: and(eq(columns.userId, userId), inRange(columns.id, range)),
        orderBy: range.descending ? desc(columns.id) : asc(columns.id),
        limit: range.limit,
      }),
    /** One statement for any number of users. */
    async ofUsers(userIds: readonly string[]): Promise<Note[][]> {
      const found = await notes.find({
        where: inArray(columns.userId, [...userIds]),
        orderBy: asc(columns.id),
      });
      return userIds.map((userId) => found.filter((each) => each.userId === userId));
    },
  };
}
