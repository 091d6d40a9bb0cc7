import { existsSync, readFileSync } from 'node:fs';
import { parseObject } from './json.ts';

/** The folder of the package, which has the migrations; src and dist are in it. */
function findPackage(folder: URL): URL {
  if (existsSync(new URL('drizzle/', folder))) return folder;
  const parent = new URL('..', folder);
  if (parent.href === folder.href)
    throw new Error('the folder drizzle of weapp-login is missing: it must be beside dist');
  return findPackage(parent);
}

/** A file of the package that is not code. @param path such as `docs/errors.md` */
export function packageFile(path: string): URL {
  return new URL(path, findPackage(new URL('.', import.meta.url)));
}

/** The version in package.json, such as `0.1.0`. */
export function packageVersion(): string {
  return String(parseObject(readFileSync(packageFile('package.json'), 'utf8'))?.version);
}
