#!/usr/bin/env node
import { existsSync } from 'node:fs';

/**
 * Runs a command: `weapp-login start`, `weapp-login admin grant <openid>`. In a checkout with the development dependencies
 * it runs the source, through tsx; otherwise the built files.
 */
const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/main.js', import.meta.url);

async function loadTsx() {
  try {
    return await import('tsx/esm/api');
  } catch {
    return undefined;
  }
}

const tsx = existsSync(source) ? await loadTsx() : undefined;
tsx?.register();
if (tsx) await import(source.href);
else if (existsSync(built)) await import(built.href);
else {
  process.stderr.write(
    'There is nothing to run: `npm ci` installs what runs the source, `npm run build` builds dist/.\n',
  );
  process.exitCode = 1;
}
