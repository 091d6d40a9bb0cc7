import { copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHealth } from '../src/ops/health.ts';
import { DATABASES, runAnySql } from './support/databases.ts';
import { startServer } from './support/server.ts';

describe.each(DATABASES)('/ready on $name', (database) => {
  test.each(['user', 'user_tombstone'])(
    'is 503 without the table %s, and 200 again when it is back',
    async (table) => {
      const url = await database.create();
      const server = await startServer(url);
      const ready = async () => {
        server.product.clock.now += 1000;
        return (await fetch(`${server.url}/ready`)).status;
      };
      expect(await ready()).toBe(200);
      await runAnySql(url, `ALTER TABLE ${table} RENAME TO elsewhere`);
      expect(await ready()).toBe(503);
      expect((await fetch(`${server.url}/health`)).status).toBe(200);
      await runAnySql(url, `ALTER TABLE elsewhere RENAME TO ${table}`);
      expect(await ready()).toBe(200);
      await server.close();
    },
  );

  test('a server does not start on a database that lacks the newest table', async () => {
    const url = await database.create();
    const server = await startServer(url);
    await runAnySql(url, 'DROP TABLE user_tombstone');
    await server.close();
    await expect(startServer(url, { MIGRATE_ON_START: '0' })).rejects.toMatchObject({ name: 'StorageError' });
  });
});

test.each<[string, (path: string) => void]>([
  ['overwritten', (path) => writeFileSync(path, 'not a database '.repeat(2000))],
  ['truncated', (path) => truncateSync(path, 0)],
  ['deleted', (path) => rmSync(path)],
  [
    'replaced by a copy',
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  ],
])('/ready is 503 when the database file was %s', async (_, damage) => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'damaged.db');
  const server = await startServer(`file:${path}`);
  await server.logIn('somebody');
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  await runAnySql(`file:${path}`, 'PRAGMA wal_checkpoint(TRUNCATE)');
  damage(path);
  server.product.clock.now += 1000;
  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  await server.close();
});

test('probes share one check a second, also a failed one', async () => {
  let checks = 0;
  let healthy = true;
  const clock = { now: 0 };
  const health = createHealth(
    async () => {
      checks += 1;
      if (!healthy) throw new Error('down');
    },
    () => clock.now,
  );
  expect(await Promise.all(Array.from({ length: 50 }, () => health.ready()))).toEqual(Array(50).fill(true));
  healthy = false;
  clock.now = 999;
  expect([await health.ready(), checks]).toEqual([true, 1]);
  clock.now = 1000;
  expect(await Promise.all([health.ready(), health.ready()])).toEqual([false, false]);
  expect(checks).toBe(2);
  health.drain();
  healthy = true;
  clock.now = 5000;
  expect(await health.ready()).toBe(false);
});
