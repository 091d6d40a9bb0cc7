import type { TestProject } from 'vitest/node';
import { hasMariaDb, startMariaDb } from './mariadb.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A MariaDB server without a database, null where there is none. */
    mysqlUrl: string | null;
  }
}

/** One MariaDB for all test files: TEST_MYSQL_URL, or one of our own. */
export default async ({ provide }: TestProject) => {
  const given = process.env.TEST_MYSQL_URL;
  if (given) {
    provide('mysqlUrl', given.replace(/\/$/, ''));
    return undefined;
  }
  if (!hasMariaDb()) {
    const message = 'MariaDB is not installed, so its tests are skipped. To run them: npm run test:install';
    if (process.env.CI) throw new Error(message);
    process.stderr.write(`${message}\n`);
    provide('mysqlUrl', null);
    return undefined;
  }
  const mariadb = await startMariaDb();
  provide('mysqlUrl', mariadb.url);
  return mariadb.stop;
};
