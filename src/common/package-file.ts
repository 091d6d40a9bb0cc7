import { existsSync } from 'node:fs';

/** The folder of the package, above src or dist. */
function findPackage(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder;
  const parent = new URL('..', folder);
  if (parent.href === folder.href) throw new Error('package.json of weapp-login is missing');
  return findPackage(parent);
}

/** A file of the package that is no code. @param path such as `docs/errors.md` */
export function packageFile(path: string): URL {
  return new URL(path, findPackage(new URL('.', import.meta.url)));
}
