import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { MYSQL } from './support/databases.ts';
import { post, type Running, run } from './support/process.ts';
import { isRunning, serversOf } from './support/processes.ts';
import { APP_ID } from './support/product.ts';

const LOGIN = (name: string) => `mutation { login(code: "dev:${name}") { token user { id } } }`;

describe.skipIf(!MYSQL)('WORKERS=2', () => {
  let sandbox: Sandbox;
  let server: Running;
  let origin: string;
  let databaseUrl: string;
  const environment = () => ({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    WORKERS: '2',
    DATABASE_URL: databaseUrl,
    MIGRATE_ON_START: '1',
    SHUTDOWN_DELAY_MS: '300',
    WECHAT_API_URL: sandbox.url,
    WECHAT_APP_ID: APP_ID,
    WECHAT_APP_SECRET: APP_SECRET,
    JWT_SECRET,
    SESSION_KEY_SECRET,
  });

  beforeAll(async () => {
    sandbox = await createSandbox({ apps: [{ appId: APP_ID, secret: APP_SECRET }] });
    databaseUrl = (await MYSQL?.create()) ?? '';
    server = run(environment());
    origin = await server.origin;
  });
  afterAll(async () => {
    server.child.kill('SIGKILL');
    await sandbox.close();
  });

  function workers(): number[] {
    return serversOf(server.child.pid ?? 0);
  }

  test('announces one port, at which both respond', async () => {
    expect(server.printed().match(/"msg":"listening"/g)).toHaveLength(1);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post(origin, LOGIN(`person-${i % 5}`))),
    );
    const ids = answers.map(({ data }) => data.login.user.id);
    expect(new Set(ids).size).toBe(5);
    const { data } = await post(origin, '{ me { id } }', answers[0].data.login.token);
    expect(data.me.id).toBe(ids[0]);
  });

  test('replaces a worker that is killed, and says so', async () => {
    const [victim = 0, other = 0] = workers();
    process.kill(victim, 'SIGKILL');
    await expect.poll(workers, { timeout: 15_000 }).toHaveLength(2);
    expect(workers()).toContain(other);
    expect(workers()).not.toContain(victim);
    expect((await post(origin, LOGIN('afterwards'))).data.login.token).toBeTypeOf('string');
    await expect.poll(server.printed).toMatch(/"signal":"SIGKILL".*"msg":"a worker ended: starting another"/);
  });

  test('a wrong setting is reported once, and ends the process', async () => {
    const port = new URL(origin).port;
    const wrong = run({ ...environment(), PORT: port });
    expect(await wrong.exited).toBe(1);
    expect(wrong.printed().match(/is used by another program/g), wrong.printed()).toHaveLength(1);
  });

  test('SIGTERM: every request that was sent is answered, and all processes end', async () => {
    await expect.poll(workers, { timeout: 15_000 }).toHaveLength(2);
    const pids = workers();
    const before = Array.from({ length: 20 }, (_, i) => post(origin, LOGIN(`late-${i}`)));
    await sleep(50);
    server.child.kill('SIGTERM');
    const during = Array.from({ length: 10 }, () => post(origin, '{ __typename }'));
    for (const { data } of await Promise.all(before)) expect(data.login.token).toBeTypeOf('string');
    for (const { data } of await Promise.all(during)) expect(data).toEqual({ __typename: 'Query' });
    expect(await server.exited).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s to all processes, while the workers are busy, loses no request',
    async (signal) => {
      const grouped = run({ ...environment(), SHUTDOWN_DELAY_MS: '500' }, undefined, 'start', {
        detached: true,
      });
      const { port } = new URL(await grouped.origin);
      const pid = grouped.child.pid ?? 0;
      const pids = serversOf(pid);
      expect(pids).toHaveLength(2);
      const requests = await Promise.all(Array.from({ length: 10 }, () => halfRequest(Number(port))));
      for (const worker of pids) process.kill(worker, 'SIGSTOP');
      process.kill(-pid, signal);
      await sleep(100);
      for (const worker of pids) process.kill(worker, 'SIGCONT');
      await sleep(100);
      for (const response of await Promise.all(requests.map((finish) => finish())))
        expect(response).toContain('{"data":{"__typename":"Query"}}');
      expect(await grouped.exited).toBe(0);
    },
  );

  test('SIGTERM while the workers start ends all processes', async () => {
    const starting = run(environment());
    const pid = starting.child.pid ?? 0;
    await expect.poll(() => serversOf(pid), { timeout: 15_000 }).not.toEqual([]);
    const pids = serversOf(pid);
    starting.child.kill('SIGTERM');
    await starting.exited;
    await expect.poll(() => pids.filter(isRunning)).toEqual([]);
    expect(starting.printed()).not.toContain('EPIPE');
  });

  test('is refused with the built-in sandbox', async () => {
    const wrong = run({ WORKERS: '2' });
    expect(await wrong.exited).toBe(1);
    expect(wrong.printed()).toContain('WORKERS must be 1 with the built-in sandbox');
    expect(wrong.printed()).toContain('WORKERS must be 1 with a file');
  });
});

const BODY = '{"query":"{ __typename }"}';

/** Sends the beginning of a request, and returns what sends the rest and waits for the response. */
async function halfRequest(port: number): Promise<() => Promise<string>> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  socket.on('error', () => undefined);
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n{`,
  );
  await sleep(50);
  return () => {
    socket.write(BODY.slice(1));
    return ended;
  };
}
