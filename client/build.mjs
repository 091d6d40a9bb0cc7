import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Builds the package into a folder, `dist` by default: `node build.mjs [folder]`. Each entry becomes one file in each
 * format, ES module (.mjs) and CommonJS (.js), in ECMAScript 2015; with types for both.
 */
const source = fileURLToPath(new URL('.', import.meta.url));
const out = process.argv[2] ?? 'dist';
const entries = ['index', 'encrypted', 'fetch'];
/** The modules that the types of the entries refer to. */
const typed = [...entries, 'types', 'errors'];

await buildModules();
for (const entry of entries)
  writeFileSync(`${out}/${entry}.js`, toCommonJs(readFileSync(`${out}/${entry}.mjs`, 'utf8')));
buildTypes();

async function buildModules() {
  await build({
    entryPoints: entries.map((entry) => `${source}src/${entry}.mts`),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    target: 'es2015',
    minifySyntax: true,
  });
}

/**
 * Replaces the export list, because the wrapper of esbuild adds 350 bytes. The function makes the names local, so
 * that every minifier shortens them.
 */
function toCommonJs(module) {
  const exportList = /^export \{([^}]+)\};/m;
  if (!exportList.test(module) || /^import /m.test(module)) throw new Error('unexpected output of esbuild');
  return `(() => {\n${module.replace(exportList, 'module.exports = {$1};')}})();\n`;
}

function buildTypes() {
  execFileSync('tsc', ['-p', source, '--outDir', out], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  for (const file of readdirSync(out).filter((name) => name.endsWith('.d.mts'))) {
    const types = readFileSync(`${out}/${file}`, 'utf8');
    const name = file.replace('.d.mts', '');
    rmSync(`${out}/${file}`);
    if (!typed.includes(name)) continue;
    writeFileSync(`${out}/${name}.d.mts`, types.replace(/'\.\/(\w+)\.mts'/g, "'./$1.mjs'"));
    writeFileSync(`${out}/${name}.d.ts`, types.replace(/'\.\/(\w+)\.mts'/g, "'./$1.js'"));
  }
}
