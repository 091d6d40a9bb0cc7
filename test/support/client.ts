import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';

type Module = typeof import('../../client/src/index.mts');

/** Builds the package by the command of its README, into a folder of its own. */
export const buildClient = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-client-'));
  execFileSync('npm', ['run', '--silent', 'build', '--', folder], { cwd: 'client', stdio: 'pipe' });
  return folder;
};

/** Runs the package as it is shipped, in a world that has ECMAScript and these names and nothing else. */
export const loadClient = (folder: string, names: Record<string, unknown>): Module => {
  const world = createContext({ ...names, module: { exports: {} } });
  runInContext(readFileSync(`${folder}/index.js`, 'utf8'), world, { filename: 'weapp-login-client.js' });
  return runInContext('module.exports', world);
};
