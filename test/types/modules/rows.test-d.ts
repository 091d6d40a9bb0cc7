import { asc, eq } from 'drizzle-orm';
import type { Database, Rows } from '../../../src/storage/database-types.ts';
import { ascii, moment, userId } from '../../../src/storage/mysql.columns.ts';
import type { Role, User } from '../../../src/storage/user-types.ts';
import { NOTE_TABLES } from '../../support/notes.ts';

/** What a team may write, and what the compiler must reject. */
export async function useRows(database: Database, user: User): Promise<void> {
  const notes: Rows<typeof NOTE_TABLES.mysql> = database.rows(NOTE_TABLES);
  const { id, text, createdAt } = notes.columns;
  const [note] = await notes.find({ where: eq(id, 'a'), orderBy: asc(createdAt), limit: 1 });
  if (!note) return;
  const words: string | null = note.text;
  const at: Date = note.createdAt;
  await notes.insert({ id: 'a', userId: user.id, createdAt: at });
  await notes.insert([{ id: 'a', userId: user.id, createdAt: at, text: words }]);
  const count: number = await notes.update(eq(text, 'a'), { text: null });

  // @ts-expect-error: a value of another type
  eq(id, 5);
  // @ts-expect-error: text may be null
  const never: string = note.text;
  // @ts-expect-error: no such column
  note.title;
  // @ts-expect-error: createdAt is missing
  await notes.insert({ id: 'a', userId: user.id });
  // @ts-expect-error: a condition is needed
  await notes.remove();
  // @ts-expect-error: the id is not nullable
  await notes.update(eq(id, 'a'), { id: null });
  // @ts-expect-error: no such column
  await notes.update(eq(id, 'a'), { title: 'x' });

  // @ts-expect-error: which database it is must be asked first
  await database.drizzle.db.select().from(NOTE_TABLES.mysql);
  // @ts-expect-error: database.transaction is the one that works
  if (database.drizzle.dialect === 'mysql') database.drizzle.db.transaction;
  await database.transaction(async (tx) => {
    // @ts-expect-error: transactions are not nested
    await tx.transaction(async () => 1);
    return tx.rows(NOTE_TABLES).find();
  });
  const role: Role = 'ADMIN';
  // @ts-expect-error: nobody declares this role
  const editor: Role = 'EDITOR';
  // @ts-expect-error: MySQL needs a length
  ascii('x');
  return void [never, count, role, editor, moment('x'), userId('x')];
}
