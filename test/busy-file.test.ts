import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@libsql/client';
import { expect, test } from 'vitest';
import { startServer } from './support/server.ts';

test('while another process writes for two seconds, 50 logins wait and other requests do not', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'busy.db');
  const server = await startServer(`file:${path}`);
  const writer = createClient({ url: `file:${path}` });
  const transaction = await writer.transaction('write');
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
  writer.close();
  expect(await logins).toEqual(Array(50).fill(undefined));
  // With the event loop blocked by libSQL, 5 ms for each statement, there would be about five.
  expect(pings.length).toBeGreaterThan(10);
  process.stdout.write(
    `/health while the file was busy: ${pings.length} responses, slowest ${Math.round(Math.max(...pings))} ms\n`,
  );
  await server.close();
});

test('a server starts on a file that another process is writing', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'busy.db');
  const writer = createClient({ url: `file:${path}` });
  await writer.execute('CREATE TABLE notes (text)');
  const transaction = await writer.transaction('write');
  await transaction.execute("INSERT INTO notes VALUES ('x')");

  const starting = startServer(`file:${path}`);
  await sleep(300);
  await transaction.commit();
  writer.close();
  await (await starting).close();
});
