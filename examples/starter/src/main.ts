import { run } from 'weapp-login';
import { notes } from './notes/module.ts';

await run({ modules: [notes] });
