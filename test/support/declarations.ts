import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes the declarations that `npm run build` makes to a new folder. */
export function emitDeclarations(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-declarations-'));
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', folder];
  execFileSync(process.execPath, args);
  return folder;
}
