import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { transformSync } from 'esbuild';

type Module = typeof import('../../client/src/index.mts');

/** Builds the package with the command of its README, into a new folder. */
export function buildClient(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-client-'));
  execFileSync('npm', ['run', '--silent', 'build', '--', folder], { cwd: 'client', stdio: 'pipe' });
  return folder;
}

/** Runs the built CommonJS file in a world that has only ECMAScript and these names. */
export function loadClient(folder: string, names: Record<string, unknown>): Module {
  return load(`${folder}/index.js`, names);
}

/** The same for the entry weapp-login-client/encrypted, without other names. */
export function loadEncrypted(folder: string): typeof import('../../client/src/encrypted.mts') {
  return load(`${folder}/encrypted.js`, {});
}

function load(file: string, names: Record<string, unknown>) {
  const world = createContext({ ...names, module: { exports: {} } });
  runInContext(readFileSync(file, 'utf8'), world, { filename: file });
  return runInContext('module.exports', world);
}

/** What base library 2.11 lacks: its floor is Chrome 53 with polyfills of ECMAScript 2015. */
const NEWER_BUILT_INS = `
  delete Promise.prototype.finally;
  for (const name of ['allSettled', 'any']) delete Promise[name];
  for (const name of ['values', 'entries', 'fromEntries', 'getOwnPropertyDescriptors']) delete Object[name];
  for (const name of ['includes', 'flat', 'flatMap', 'at']) delete Array.prototype[name];
  for (const name of ['padStart', 'padEnd', 'trimStart', 'trimEnd', 'replaceAll', 'matchAll', 'at'])
    delete String.prototype[name];
  for (const name of ['console', 'WebAssembly', 'globalThis', 'queueMicrotask']) delete this[name];
`;

/** Runs a built file, CommonJS or ES module, in a world that has only wx and the built-ins of ECMAScript 2015. */
export function loadInOldRuntime(code: string, wx: object): Module {
  const world = createContext({ wx, module: { exports: {} } });
  runInContext(NEWER_BUILT_INS, world);
  // vm runs scripts only: this replaces the export list.
  runInContext(transformSync(code, { format: 'cjs' }).code, world);
  return runInContext('module.exports', world);
}
