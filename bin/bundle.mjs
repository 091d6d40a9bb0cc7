import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Writes dist/: the entries of src with most packages in few files, because a thousand small ones take a second to
 * load: see docs/decisions/0012-bundle.md. Packages that are installed beside it are not bundled.
 */
const ENTRIES = [
  'src/main.ts',
  'src/index.ts',
  'src/testing/index.ts',
  'src/sandbox/index.ts',
  'src/storage/mysql.columns.ts',
  'src/storage/sqlite.columns.ts',
];
const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const INSTALLED = Object.keys({ ...dependencies, ...peerDependencies });
/** A development dependency. */
const OPTIONAL = ['pino-pretty'];

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ENTRIES,
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...INSTALLED, ...OPTIONAL],
  // CommonJS packages call it.
  banner: {
    js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);",
  },
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
});
writeFileSync('dist/licenses.md', licensesOf(Object.keys(metafile.inputs)));

/** The license texts of the bundled packages, which most of them require to be kept. */
function licensesOf(inputs) {
  const folders = inputs.flatMap((path) => path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((path) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(path));
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `License: ${license}`;
    return `## ${name} ${version}\n\n${text}\n`;
  });
  return `# Licenses of the packages in these files\n\n${texts.join('\n')}`;
}
