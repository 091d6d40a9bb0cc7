import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@libsql/client';
import { expect, test } from 'vitest';
import { startServer } from './support/server.ts';

test('while another process writes for two seconds, a login waits and other requests do not', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'busy.db');
  const server = await startServer(`file:${path}`);
  const writer = createClient({ url: `file:${path}` });
  const transaction = await writer.transaction('write');
  await transaction.execute("UPDATE user SET city = 'x'");

  let finished = false;
  const login = server.product.login('dev:waiting').then((answer) => {
    finished = true;
    return answer;
  });
  const pings: number[] = [];
  for (const end = performance.now() + 2000; performance.now() < end; await sleep(20)) {
    const startedAt = performance.now();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    pings.push(performance.now() - startedAt);
  }
  expect(finished).toBe(false);
  await transaction.rollback();
  writer.close();
  expect((await login).errors).toBeUndefined();
  // With the event loop blocked by libSQL there would be one or two.
  expect(pings.length).toBeGreaterThan(20);
  process.stdout.write(
    `/health while the file was busy: ${pings.length} responses, slowest ${Math.round(Math.max(...pings))} ms\n`,
  );
  await server.close();
});
