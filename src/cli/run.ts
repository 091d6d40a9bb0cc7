import type { DefinedModule } from '../modules/module.ts';
import { runOrExplain } from './run-or-explain.ts';

/** A command gets its own arguments, and the modules of the server. */
export type Command = (args: readonly string[], modules: readonly DefinedModule[]) => Promise<void>;

export type RunOptions = {
  /** In the order in which they are started. */
  modules?: readonly DefinedModule[];
  /** The command and its arguments; those of the process by default. */
  args?: readonly string[];
};

/** Each is loaded when it runs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./server-process.ts')).serveProcess,
  migrate: async () => (await import('./migrate.ts')).migrate,
  admin: async () => (await import('./admin.ts')).administrate,
  doctor: async () => (await import('./doctor.ts')).diagnose,
  schema: async () => (await import('./print-schema.ts')).writeSchema,
  sandbox: async () => (await import('./run-sandbox.ts')).runSandbox,
};

const USAGE = `Usage:
  weapp-login start                             starts the server, as without a command
  weapp-login migrate                           creates and updates the tables
  weapp-login admin grant <openid or id> [role] gives the user a role, ADMIN by default
  weapp-login admin revoke <openid or id>       makes them an ordinary user
  weapp-login doctor [--json]                   checks what the server depends on
  weapp-login schema [file]                     prints the schema, or writes it to a file
  weapp-login sandbox                           starts the WeChat sandbox
`;

/**
 * Runs a command of the server. A failure is printed with what to do about it, and sets exit code 1. It reads the
 * environment and a file `.env` in the working directory.
 */
export async function run({ modules = [], args = process.argv.slice(2) }: RunOptions = {}): Promise<void> {
  const [name = 'start', ...rest] = args;
  if (name === '--help' || name === '-h') {
    process.stdout.write(USAGE);
    return;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  await runOrExplain(async () => (await load())(rest, modules), name === 'sandbox' ? 'SANDBOX' : '');
}
