import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { hasMariaDb, startMariaDb } from './mariadb.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A MariaDB server without a database, null where there is none. */
    mysqlUrl: string | null;
  }
}

/** One MariaDB for all test files, and one folder for what they leave in the folder for temporary files. */
export default async ({ provide }: TestProject) => {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-tests-'));
  process.env.TMPDIR = folder;
  const mariadb = await findMariaDb();
  provide('mysqlUrl', mariadb?.url ?? null);
  return async () => {
    await mariadb?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
};

/** TEST_MYSQL_URL, or one of our own. */
async function findMariaDb(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const given = process.env.TEST_MYSQL_URL;
  if (given) return { url: given.replace(/\/$/, ''), stop: async () => {} };
  if (hasMariaDb()) return startMariaDb();
  const message = 'MariaDB is not installed, so its tests are skipped. To run them: npm run test:install';
  if (process.env.CI) throw new Error(message);
  process.stderr.write(`${message}\n`);
  return undefined;
}
