import { defineModule } from 'weapp-login';
import { createNotes, type Notes } from './notes.ts';
import { defineNoteTypes } from './schema.ts';

declare module 'weapp-login' {
  interface Services {
    notes: Notes;
  }
  interface ModuleErrorCodes {
    NOTES_TOO_MANY: true;
  }
}

export const notes = defineModule({
  name: 'notes',
  migrations: new URL('../../migrations/notes/', import.meta.url),
  errors: { NOTES_TOO_MANY: { action: 'STOP', meaning: 'The user has as many notes as possible.' } },
  services: (core) => ({ notes: createNotes(core) }),
  schema: defineNoteTypes,
});
