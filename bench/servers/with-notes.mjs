import { run } from 'weapp-login';
import { notes } from '../../examples/starter/src/notes/module.ts';

/** Our server with the module of the starter, as a team runs it: from the built package. */
const migrations = new URL('../../examples/starter/migrations/notes/', import.meta.url);
await run({ modules: [{ ...notes, migrations }] });
