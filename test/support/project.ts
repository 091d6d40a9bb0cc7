import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export type Ended = { code: number; output: string };

/** Runs a command until it exits, for at most two minutes. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((done) =>
    execFile(
      command,
      args,
      { ...options, env: { ...process.env, ...options.env }, timeout: 120_000 },
      (error, stdout, stderr) =>
        done({ code: error ? Number(error.code ?? 1) || 1 : 0, output: `${stdout}${stderr}` }),
    ),
  );
}

/** Checks the types of a project: the path of its folder or tsconfig.json. */
export function tsc(project: string): Promise<Ended> {
  return run(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', project]);
}

/** Installs the built client in a folder, and links packages of the root. */
export function installClient(folder: string, client: string, packages: readonly string[] = []): void {
  for (const name of packages) {
    mkdirSync(dirname(`${folder}/node_modules/${name}`), { recursive: true });
    symlinkSync(resolve('node_modules', name), `${folder}/node_modules/${name}`);
  }
  cpSync('client/package.json', `${folder}/node_modules/weapp-login-client/package.json`);
  cpSync(client, `${folder}/node_modules/weapp-login-client/dist`, { recursive: true });
}
