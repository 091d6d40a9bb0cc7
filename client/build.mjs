import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Builds the package into the folder that is named: CommonJS, ES modules and types, all of ECMAScript 2018. */
const folder = fileURLToPath(new URL('.', import.meta.url));
const out = process.argv[2] ?? 'dist';
const files = ['index', 'fetch'];

/** The modules import nothing and export by one list at their end, so this is all; esbuild's own way adds 1 KB. */
const toCommonJs = (module) => {
  const list = /^export \{([^}]+)\};/m;
  if (!list.test(module) || /^import /m.test(module)) throw new Error('not the module that was expected');
  return `'use strict';\n${module.replace(list, 'module.exports = {$1};')}`;
};

await build({
  entryPoints: files.map((file) => `${folder}src/${file}.mts`),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  target: 'es2018',
});
execFileSync('tsc', ['-p', folder, '--outDir', out], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
for (const file of files) {
  writeFileSync(`${out}/${file}.js`, toCommonJs(readFileSync(`${out}/${file}.mjs`, 'utf8')));
  const types = readFileSync(`${out}/${file}.d.mts`, 'utf8');
  writeFileSync(`${out}/${file}.d.mts`, types.replace('./index.mts', './index.mjs'));
  writeFileSync(`${out}/${file}.d.ts`, types.replace('./index.mts', './index.js'));
}
