import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServer } from './support/server.ts';
import { openSqliteFile } from './support/sqlite-file.ts';

test('while another process writes for two seconds, 50 logins wait and other requests do not', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'busy.db');
  const server = await startServer(`file:${path}`);
  const writer = openSqliteFile(`file:${path}`);
  const transaction = await writer.beginWrite();
  await transaction.execute("UPDATE user SET city = 'x'");

  let finished = false;
  const logins = Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const { errors } = await server.product.login(`dev:waiting-${i}`);
      finished = true;
      return errors;
    }),
  );
  const pings: number[] = [];
  for (const end = performance.now() + 2000; performance.now() < end; await sleep(20)) {
    const startedAt = performance.now();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    pings.push(performance.now() - startedAt);
  }
  expect(finished).toBe(false);
  await transaction.rollback();
  expect(await logins).toEqual(Array(50).fill(undefined));
  const { rows } = await writer.execute('SELECT count(*) AS users FROM user');
  expect(rows[0]?.users, 'users that another process sees').toBe(50);
  writer.close();
  // With the event loop blocked by libSQL, 5 ms for each statement, there would be about five.
  expect(pings.length).toBeGreaterThan(10);
  process.stdout.write(
    `/health while the file was busy: ${pings.length} responses, slowest ${Math.round(Math.max(...pings))} ms\n`,
  );
  await server.close();
});

test('a server starts on a file that another process is writing', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'busy.db');
  const writer = openSqliteFile(`file:${path}`);
  await writer.execute('CREATE TABLE notes (text)');
  const transaction = await writer.beginWrite();
  await transaction.execute("INSERT INTO notes VALUES ('x')");

  const starting = startServer(`file:${path}`);
  await sleep(300);
  await transaction.commit();
  writer.close();
  await (await starting).close();
});

test('a login that met a lock is committed when it is acknowledged, and so are those after it', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'busy.db');
  const server = await startServer(`file:${path}`);
  const other = openSqliteFile(`file:${path}`);
  const transaction = await other.beginWrite();
  await transaction.execute("UPDATE user SET city = 'x'");
  const waiting = server.product.login('dev:alice');
  await sleep(300);
  await transaction.commit();
  await waiting;
  for (const name of ['bob', 'carol']) {
    await server.product.login(`dev:${name}`);
    const { rows } = await other.execute('SELECT open_id FROM user');
    expect(rows.length, name).toBe(name === 'bob' ? 2 : 3);
    // Fails with SQLITE_BUSY if the server keeps a transaction open.
    await other.execute("UPDATE user SET city = 'y'");
  }
  other.close();
  await server.close();
});

test('readiness checks leave no open files behind', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'ready.db');
  const server = await startServer(`file:${path}`);
  const openFiles = () => readdirSync('/proc/self/fd').length;
  const before = openFiles();
  for (let i = 0; i < 20; i++) {
    server.product.clock.now += 1000;
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  }
  expect(openFiles() - before).toBeLessThan(10);
  await server.close();
});
