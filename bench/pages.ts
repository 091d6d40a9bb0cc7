import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { uuidv7 } from 'uuidv7';
import { readConfig } from '../src/config/config.ts';
import { openStorage } from '../src/storage/open.ts';
import { SESSION_KEY_SECRET } from '../test/support/canaries.ts';
import { startMariaDb } from '../test/support/mariadb.ts';
import { environment } from '../test/support/product.ts';

/** Measures how long a page of 50 users takes, by its position among 50,000: the median of 15, in milliseconds. */
const PEOPLE = 50_000;
const PAGES = [1, 100, 250, 500, 750, 1000];
const ROUNDS = 15;

const mariadb = await startMariaDb();
const connection = await createConnection(mariadb.url);
await connection.query('CREATE DATABASE bench');
await connection.query('USE bench');
const { database } = readConfig(environment({ DATABASE_URL: `${mariadb.url}/bench` }));
const storage = await openStorage(database, [SESSION_KEY_SECRET]);
await storage.migrate();

const ids = Array.from({ length: PEOPLE }, () => uuidv7());
for (let from = 0; from < PEOPLE; from += 1000)
  await connection.query(
    'INSERT INTO user (id, app_id, open_id, session_key, role, token_version, created_at, updated_at, last_login_at) VALUES ?',
    [
      ids
        .slice(from, from + 1000)
        .map((id) => [
          id,
          'wxbench00000000',
          `o${randomBytes(20).toString('base64url')}`,
          'x',
          'USER',
          0,
          '2026-01-01',
          '2026-01-01',
          '2026-01-01',
        ]),
    ],
  );

function median(numbers: number[]) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
async function time(run: () => Promise<unknown>) {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

await storage.users.page({ limit: 51 });
const keyset = new Map<number, number[]>();
const offset = new Map<number, number[]>();
for (let round = 0; round < ROUNDS; round++)
  for (const page of PAGES) {
    const after = page === 1 ? undefined : ids[(page - 1) * 50 - 1];
    const ours = await time(() => storage.users.page({ after, limit: 51 }));
    const other = await time(() =>
      connection.query('SELECT * FROM user ORDER BY id LIMIT 51 OFFSET ?', [(page - 1) * 50]),
    );
    keyset.set(page, [...(keyset.get(page) ?? []), ours]);
    offset.set(page, [...(offset.get(page) ?? []), other]);
  }

process.stdout.write('| page | users.page | with OFFSET instead |\n| ---: | ---: | ---: |\n');
for (const page of PAGES)
  process.stdout.write(
    `| ${page} | ${median(keyset.get(page) ?? []).toFixed(2)} ms | ${median(offset.get(page) ?? []).toFixed(2)} ms |\n`,
  );
await storage.close();
await connection.end();
await mariadb.stop();
