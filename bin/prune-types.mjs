import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Removes the declarations in dist that no entry of the package refers to. */
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)\.ts['"]/g;

const used = new Set();
const waiting = Object.values(exports).flatMap(({ types }) => (types ? normalize(types) : []));
for (const file of waiting) {
  if (used.has(file)) continue;
  used.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(IMPORT))
    waiting.push(join(dirname(file), `${path}.d.ts`));
}

const paths = readdirSync('dist', { recursive: true, withFileTypes: true });
for (const entry of paths) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && path.endsWith('.d.ts') && !used.has(path)) rmSync(path);
}
const folders = paths
  .filter((entry) => entry.isDirectory())
  .map(({ parentPath, name }) => join(parentPath, name));
// The deepest first.
for (const folder of folders.sort().reverse()) if (readdirSync(folder).length === 0) rmdirSync(folder);
