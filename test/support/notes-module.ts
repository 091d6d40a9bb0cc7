import { and, asc, desc, eq, inArray } from 'drizzle-orm';
import { clientError } from '../../src/errors/client-error.ts';
import { type Core, type DefinedModule, defineModule, type Module } from '../../src/modules/module.ts';
import { requireViewer, SELF_OR_ADMIN } from '../../src/schema/guards.ts';
import { perRequest } from '../../src/schema/per-request.ts';
import { resolvePage } from '../../src/schema/resolve-page.ts';
import { inRange } from '../../src/storage/id-range.ts';
import type { Role } from '../../src/storage/user-types.ts';
import { note as mysql } from '../fixtures/notes/mysql.schema.ts';
import { note as sqlite } from '../fixtures/notes/sqlite.schema.ts';

declare module '../../src/errors/codes.ts' {
  interface ModuleErrorCodes {
    NOTES_TOO_MANY: true;
  }
}

/** A team declares it by merging `Roles`, which would change the types of our own sources here. */
export const EDITOR: Role = JSON.parse('"EDITOR"');

type Note = typeof mysql.$inferSelect;

const MAX_NOTES = 3;

export type NotesModule = { module: DefinedModule; core(): Core; loads: string[][] };

/** A module as a team writes it: a table, queries, a mutation, a field of User, a role, an error code and a route. */
export function notesModule(changes: Partial<Module> = {}): NotesModule {
  let core: Core | undefined;
  const loads: string[][] = [];
  const started = (): Core => {
    if (!core) throw new Error('services has not been called');
    return core;
  };
  const rows = () => started().database.rows({ mysql, sqlite });

  const module = defineModule({
    name: 'notes',
    migrations: new URL('../fixtures/notes/migrations/', import.meta.url),
    roles: { [EDITOR]: { description: 'Reads the notes of all.' } },
    errors: { NOTES_TOO_MANY: { action: 'STOP', meaning: 'The user has as many notes as possible.' } },
    public: ['Query.notesOfTheDay'],
    services(given) {
      core = given;
      return {};
    },
    schema(builder, { UserType }) {
      const NoteType = builder.objectRef<Note>('Note').implement({
        description: 'A note.',
        fields: (t) => ({
          id: t.exposeID('id', { description: 'A UUID.' }),
          text: t.exposeString('text', { description: 'Its text.', nullable: true }),
          createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
        }),
      });
      builder.queryField('notes', (t) =>
        t.connection({
          type: NoteType,
          description: 'The notes of the viewer.',
          nullable: true,
          authScopes: { signedIn: true },
          resolve: async (_root, args, context) => {
            const { id } = await requireViewer(context);
            const { columns, find } = rows();
            return resolvePage(args, ({ limit, descending, ...range }) =>
              find({
                where: and(eq(columns.userId, id), inRange(columns.id, range)),
                orderBy: descending ? desc(columns.id) : asc(columns.id),
                limit,
              }),
            );
          },
        }),
      );
      builder.queryField('allNotes', (t) =>
        t.field({
          type: [NoteType],
          description: 'All notes.',
          nullable: true,
          authScopes: { role: [EDITOR, 'ADMIN'] },
          resolve: () => rows().find(),
        }),
      );
      builder.queryField('notesOfTheDay', (t) =>
        t.int({ description: 'How many notes there are.', resolve: () => rows().count() }),
      );
      const notesOf = perRequest(async (userIds: readonly string[]) => {
        loads.push([...userIds]);
        const { columns, find } = rows();
        const notes = await find({ where: inArray(columns.userId, [...userIds]) });
        return userIds.map((userId) => notes.filter((note) => note.userId === userId));
      });
      builder.objectField(UserType, 'notes', (t) =>
        t.field({
          type: [NoteType],
          description: 'The notes of the user.',
          nullable: true,
          authScopes: SELF_OR_ADMIN,
          resolve: ({ id }, _args, context) => notesOf(id, context),
        }),
      );
      const AddNotePayload = builder.objectRef<{ note: Note }>('AddNotePayload').implement({
        description: 'The new note.',
        fields: (t) => ({ note: t.expose('note', { type: NoteType, description: 'The new note.' }) }),
      });
      builder.mutationField('addNote', (t) =>
        t.field({
          type: AddNotePayload,
          description: 'Adds a note.\n\nErrors: NOTES_TOO_MANY, UNAUTHENTICATED, SERVICE_UNAVAILABLE.',
          args: { text: t.arg.string({ required: true, description: 'Its text.' }) },
          authScopes: { signedIn: true },
          resolve: async (_root, { text }, context) => {
            const { id: userId } = await requireViewer(context);
            const { columns, count, insert } = rows();
            if ((await count(eq(columns.userId, userId))) >= MAX_NOTES)
              throw clientError('NOTES_TOO_MANY', `You have ${MAX_NOTES} notes already: remove one.`);
            const { newId, now } = started();
            const note = { id: newId(), userId, text, createdAt: new Date(now()) };
            await insert(note);
            return { note };
          },
        }),
      );
    },
    routes: {
      '/notes/feed': async (request, context) => {
        const { id } = await requireViewer(context);
        const { columns, find } = rows();
        const notes = await find({ where: eq(columns.userId, id) });
        return Response.json(
          { method: request.method, text: await request.text(), notes: notes.map(({ text }) => text) },
          { status: 201, headers: { 'x-notes': '1', 'cache-control': 'max-age=60' } },
        );
      },
      '/notes/picture': () =>
        new Response(new Uint8Array([0, 255, 1]), { headers: { 'content-type': 'image/x' } }),
      '/notes/cookies': (request) => {
        const response = new Response(null, {
          status: 302,
          headers: { location: new URL(request.url).pathname },
        });
        for (const cookie of ['a=1', 'b=2; Path=/']) response.headers.append('set-cookie', cookie);
        return response;
      },
      '/notes/echo/*': async (request) => new Response(await request.arrayBuffer()),
      '/notes/framed': () => new Response('x', { headers: { 'x-frame-options': 'SAMEORIGIN' } }),
      '/notes/nothing': () => JSON.parse('null'),
      '/notes/broken': () => {
        throw new Error('broken');
      },
    },
    ...changes,
  });
  return { module, core: started, loads };
}
