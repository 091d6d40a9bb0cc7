#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

/** The commands of the package, each the name of a script for run.mjs. */
const COMMANDS = {
  start: 'main',
  migrate: 'cli/migrate',
  admin: 'cli/admin',
  sandbox: 'cli/run-sandbox',
  doctor: 'cli/doctor',
};
const USAGE = `Usage:
  weapp-login start                         starts the server
  weapp-login migrate                       creates and updates the tables
  weapp-login admin grant <openid or id>    makes the user an admin
  weapp-login admin revoke <openid or id>   makes the admin an ordinary user
  weapp-login sandbox                       starts the WeChat sandbox
  weapp-login doctor [--json]               checks what the server depends on
`;

const [name = ''] = process.argv.slice(2);
if (name === '--help' || name === '-h') process.stdout.write(USAGE);
else if (Object.hasOwn(COMMANDS, name)) {
  // As if run.mjs had been started: processes of WORKERS start it again.
  process.argv.splice(1, 2, fileURLToPath(new URL('run.mjs', import.meta.url)), COMMANDS[name]);
  await import('./run.mjs');
} else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}
