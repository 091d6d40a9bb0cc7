import {
  type Builder,
  type CoreTypes,
  perRequest,
  requireViewer,
  resolvePage,
  SELF_OR_ADMIN,
  SIGNED_IN_ERRORS,
  withErrors,
} from 'weapp-login';
import { checkText, MAX_CHARS, type Note } from './notes.ts';

export function defineNoteTypes(builder: Builder, { UserType }: CoreTypes): void {
  const NoteType = builder.objectRef<Note>('Note').implement({
    description: 'A note of a user.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'A UUID.' }),
      text: t.exposeString('text', { description: `At most ${MAX_CHARS} characters.` }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'The time of its creation.' }),
    }),
  });

  builder.queryField('notes', (t) =>
    t.connection({
      type: NoteType,
      description: withErrors('The notes of the viewer, oldest first.', [
        ...SIGNED_IN_ERRORS,
        'BAD_USER_INPUT',
      ]),
      nullable: true,
      authScopes: { signedIn: true },
      resolve: async (_root, args, context) => {
        const { id } = await requireViewer(context);
        return resolvePage(args, (range) => context.notes.page(id, range));
      },
    }),
  );

  const notesOf = perRequest((userIds: readonly string[], context) => context.notes.ofUsers(userIds));
  builder.objectField(UserType, 'notes', (t) =>
    t.field({
      type: [NoteType],
      description: withErrors('All notes of the user, oldest first.', ['FORBIDDEN', 'SERVICE_UNAVAILABLE']),
      nullable: true,
      authScopes: SELF_OR_ADMIN,
      resolve: ({ id }, _args, context) => notesOf(id, context),
    }),
  );

  const AddNotePayload = builder.objectRef<{ note: Note }>('AddNotePayload').implement({
    description: 'The result of addNote.',
    fields: (t) => ({ note: t.expose('note', { type: NoteType, description: 'The new note.' }) }),
  });
  builder.mutationField('addNote', (t) =>
    t.field({
      type: AddNotePayload,
      description: withErrors('Adds a note.', [...SIGNED_IN_ERRORS, 'BAD_USER_INPUT', 'NOTES_TOO_MANY']),
      args: { text: t.arg.string({ required: true, description: `1 to ${MAX_CHARS} characters.` }) },
      authScopes: { signedIn: true },
      resolve: async (_root, { text }, context) => {
        const { id } = await requireViewer(context);
        return { note: await context.notes.add(id, checkText(text)) };
      },
    }),
  );
}
