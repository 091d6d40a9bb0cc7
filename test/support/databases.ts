import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { inject } from 'vitest';
import { openSqliteFile } from './sqlite-file.ts';

/** A kind of database that the product runs on; `create` makes an empty one and answers its DATABASE_URL. */
export type TestDatabase = { name: string; create(): Promise<string> };

const memory: TestDatabase = { name: 'libSQL in memory', create: async () => 'file::memory:' };

const file: TestDatabase = {
  name: 'a libSQL file',
  create: async () => `file:${join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'test.db')}`,
};

const mysqlUrl = inject('mysqlUrl');
function mysql(server: string): TestDatabase {
  return {
    name: 'MariaDB',
    async create() {
      const name = `test_${randomBytes(6).toString('hex')}`;
      await runSql(server, `CREATE DATABASE ${name}`);
      return `${server}/${name}`;
    },
  };
}

/** The two that people run on. */
export const DATABASES: readonly TestDatabase[] = [file, ...(mysqlUrl ? [mysql(mysqlUrl)] : [])];

/** All three of the conformance suite. */
export const ALL_DATABASES: readonly TestDatabase[] = [memory, ...DATABASES];

export const MYSQL = mysqlUrl ? mysql(mysqlUrl) : undefined;

/** Speaks to the server behind the product's back. */
export async function runSql(url: string, sql: string, values: unknown[] = []): Promise<unknown> {
  const connection = await createConnection({ uri: url, dateStrings: true });
  try {
    const [rows] = await connection.query(sql, values);
    return rows;
  } finally {
    await connection.end();
  }
}

/** The same on either database. */
export async function runAnySql(url: string, sql: string): Promise<unknown> {
  if (url.startsWith('mysql:')) return runSql(url, sql);
  const client = openSqliteFile(url);
  try {
    return (await client.execute(sql)).rows;
  } finally {
    client.close();
  }
}

/** All tables and indexes of a database, to see whether something was changed. */
export function definitionsIn(url: string): Promise<unknown> {
  return runAnySql(
    url,
    url.startsWith('mysql:')
      ? 'SELECT table_name, column_name, column_key FROM information_schema.columns WHERE table_schema = DATABASE()'
      : 'SELECT name, sql FROM sqlite_master',
  );
}
