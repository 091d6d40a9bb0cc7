import { run } from './cli/run.ts';

/** The process of a server without modules: `node dist/main.js` starts it, `node dist/main.js migrate` runs a command. */
await run();
