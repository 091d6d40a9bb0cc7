import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config/config.ts';
import { isConnectionUnusable, toStorageError } from '../src/storage/storage-error.ts';
import { runSql } from './support/databases.ts';
import { freePort, hasMariaDb, type MariaDb, startMariaDb } from './support/mariadb.ts';
import { codeOf, environment, type Product, startProduct } from './support/product.ts';

const ME = '{ me { id } }';

/** The command of a packet that runs a prepared statement. */
const COM_STMT_EXECUTE = 0x17;

describe.skipIf(!hasMariaDb())('when MariaDB fails', () => {
  let mariadb: MariaDb;
  let url: string;
  let product: Product;
  let token: string | undefined;

  beforeAll(async () => {
    mariadb = await startMariaDb();
    await runSql(mariadb.url, 'CREATE DATABASE faults');
    url = `${mariadb.url}/faults?poolSize=3`;
    product = await startProduct(url, { DATABASE_TIMEOUT_MS: '1000' });
    token = (await product.login('dev:survivor')).data?.login.token;
  });
  afterAll(async () => {
    await product.close();
    await mariadb.stop();
  });

  const me = () => product.query(ME, { token });

  test('a frozen server: every request ends with SERVICE_UNAVAILABLE, and succeeds again when it continues', async () => {
    process.kill(mariadb.pid, 'SIGSTOP');
    const answers = await Promise.all(Array.from({ length: 12 }, me));
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(answer.errors?.[0]?.extensions).toEqual({
        code: 'SERVICE_UNAVAILABLE',
        action: 'RETRY_LATER',
        retryAfter: 2,
      });
    }
    await expect(product.app.storage.ping()).rejects.toMatchObject({ failure: 'UNAVAILABLE' });
    process.kill(mariadb.pid, 'SIGCONT');
    expect((await me()).errors).toBeUndefined();
    expect((await product.login('dev:survivor')).data?.login.isNewUser).toBe(false);
  });

  test('a missing table is INTERNAL_SERVER_ERROR, not an invalid token', async () => {
    await runSql(mariadb.url, 'RENAME TABLE faults.user TO faults.elsewhere');
    expect(codeOf(await me())).toBe('INTERNAL_SERVER_ERROR');
    await runSql(mariadb.url, 'RENAME TABLE faults.elsewhere TO faults.user');
    expect((await me()).errors).toBeUndefined();
  });

  test('killed connections are replaced; at most the running request fails', async () => {
    const rows = await runSql(
      mariadb.url,
      "SELECT id FROM information_schema.processlist WHERE db = 'faults'",
    );
    for (const { id } of JSON.parse(JSON.stringify(rows))) await runSql(mariadb.url, `KILL ${id}`);
    const answers = await Promise.all(Array.from({ length: 12 }, me));
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
  });

  test('while the server accepts no more connections (1040), requests wait for one of ours', async () => {
    const others = await Promise.all(Array.from({ length: 8 }, () => createConnection(mariadb.url)));
    expect((await me()).errors).toBeUndefined();
    const [first] = others;
    await first?.query('SET GLOBAL max_connections = 10');
    const answers = await Promise.all(Array.from({ length: 30 }, me));
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
    await first?.query('SET GLOBAL max_connections = 300');
    for (const other of others) await other.end();
  });

  test.each([
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
    ['ended', (socket: Socket) => socket.destroy()],
  ])(
    'a connection that is %s before the response is replaced, and the statement sent again',
    async (_, cut) => {
      const { port } = new URL(mariadb.url);
      let cuts = 0;
      const proxy = createTcpServer((client) => {
        const upstream = connect(Number(port), '127.0.0.1');
        client.on('data', (chunk) => {
          // One statement in three is lost with its connection.
          const isStatement = chunk.includes('from `user`') || chunk[4] === COM_STMT_EXECUTE;
          if (isStatement) cuts += 1;
          if (isStatement && cuts % 3 === 1) {
            upstream.destroy();
            cut(client);
          } else upstream.write(chunk);
        });
        upstream.on('data', (chunk) => client.write(chunk));
        for (const socket of [client, upstream]) socket.on('error', () => undefined);
        client.on('close', () => upstream.destroy());
        upstream.on('close', () => client.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const address = proxy.address();
      const through = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
      const behind = await startProduct(url.replace(/@[^/]+/, `@${through}`));
      const failures = [];
      for (let i = 0; i < 30; i++) failures.push(codeOf(await behind.query(ME, { token })));
      expect(failures.filter((code) => code !== undefined)).toEqual([]);
      expect(cuts).toBeGreaterThan(30);
      await behind.close();
      proxy.close();
    },
  );

  test('of several hosts the first that works is used, and the first again when it is back', {
    timeout: 60_000,
  }, async () => {
    const { port } = new URL(mariadb.url);
    let connections = 0;
    const proxy = () =>
      createTcpServer((client) => {
        connections += 1;
        const upstream = connect(Number(port), '127.0.0.1');
        client.pipe(upstream).pipe(client);
        for (const socket of [client, upstream]) socket.on('error', () => undefined);
        opened.add(client);
      });
    const opened = new Set<Socket>();
    const firstPort = await freePort();
    const hosts = `127.0.0.1:${firstPort},127.0.0.1:${port}`;
    const clustered = await startProduct(url.replace(/@[^/]+/, `@${hosts}`));
    const ask = async () => codeOf(await clustered.query(ME, { token }));
    expect(await ask()).toBeUndefined();
    expect(connections).toBe(0);

    const first = proxy();
    await new Promise<void>((resolve) => first.listen(firstPort, '127.0.0.1', resolve));
    await sleep(5100);
    expect(await ask()).toBeUndefined();
    expect(connections).toBeGreaterThan(0);

    first.close();
    for (const socket of opened) socket.resetAndDestroy();
    expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill(undefined));
    await clustered.close();
  });

  test('a first host that does not respond is tried by one statement every five seconds, not by all', {
    timeout: 60_000,
  }, async () => {
    const { port } = new URL(mariadb.url);
    const accepted = new Set<Socket>();
    const silent = createTcpServer((client) => accepted.add(client));
    const silentPort = await freePort();
    await new Promise<void>((resolve) => silent.listen(silentPort, '127.0.0.1', resolve));
    const hosts = `127.0.0.1:${silentPort},127.0.0.1:${port}`;
    const clustered = await startProduct(url.replace(/@[^/]+/, `@${hosts}`), { DATABASE_TIMEOUT_MS: '2000' });
    await sleep(5100);
    const before = accepted.size;
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        // Requests of one moment share a statement.
        await sleep(i * 10);
        return clustered.query(ME, { token });
      }),
    );
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
    expect(accepted.size - before).toBe(1);
    for (const socket of accepted) socket.destroy();
    silent.close();
    await clustered.close();
  });

  test.each([
    [1047, 'ER_UNKNOWN_COM_ERROR'],
    [1053, 'ER_SERVER_SHUTDOWN'],
    [3032, 'ER_SERVER_OFFLINE_MODE'],
    [1927, 'ER_CONNECTION_KILLED'],
    [0, 'ECONNRESET'],
  ])('error %i %s ends the connection, and the statement is tried again', (errno, code) => {
    const error = Object.assign(new Error('x'), { errno, code });
    expect(isConnectionUnusable(error)).toBe(true);
    expect(toStorageError(error)).toMatchObject({ failure: 'UNAVAILABLE', retryable: true });
  });

  test('a statement on a broken connection is retried', async () => {
    const connection = await createConnection(mariadb.url);
    connection.destroy();
    const error = await connection.query('SELECT 1').catch((thrown: unknown) => thrown);
    expect(toStorageError(error)).toMatchObject({ failure: 'UNAVAILABLE', code: 'PROTOCOL_CONNECTION_LOST' });
    expect(isConnectionUnusable(error)).toBe(true);
  });

  test('a failed start leaves no connection open', async () => {
    await runSql(mariadb.url, 'CREATE DATABASE unlucky');
    const config = readConfig(environment({ DATABASE_URL: `${mariadb.url}/unlucky` }));
    const without = { ...config, auth: { ...config.auth, secrets: [], privateKeys: [] } };
    await expect(createApp(without)).rejects.toThrow('a keyring needs at least one key');
    const connections = () =>
      runSql(mariadb.url, "SELECT id FROM information_schema.processlist WHERE db = 'unlucky'");
    await expect.poll(connections).toEqual([]);
  });

  test('deadlocks and lock waits are retried, so concurrent logins of many people all succeed', async () => {
    const people = Array.from({ length: 40 }, (_, i) => `dev:many${i % 8}`);
    const answers = await Promise.all(people.map((code) => product.login(code)));
    expect(answers.filter(({ errors }) => errors)).toEqual([]);
    expect(answers.filter(({ data }) => data?.login.isNewUser)).toHaveLength(8);
  });
});
