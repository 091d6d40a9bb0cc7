import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';

type Module = typeof import('../../client/src/index.mts');

/** Builds the package with the command of its README, into a new folder. */
export function buildClient(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-client-'));
  execFileSync('npm', ['run', '--silent', 'build', '--', folder], { cwd: 'client', stdio: 'pipe' });
  return folder;
}

/** Runs the built CommonJS file in a world that has only ECMAScript and these names. */
export function loadClient(folder: string, names: Record<string, unknown>): Module {
  const world = createContext({ ...names, module: { exports: {} } });
  runInContext(readFileSync(`${folder}/index.js`, 'utf8'), world, { filename: 'weapp-login-client.js' });
  return runInContext('module.exports', world);
}
