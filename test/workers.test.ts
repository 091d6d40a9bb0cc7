import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { post, type Running, run } from './support/process.ts';
import { APP_ID } from './support/product.ts';

const LOGIN = (name: string) => `mutation { login(code: "dev:${name}") { token user { id } } }`;

describe('WORKERS=2', () => {
  let sandbox: Sandbox;
  let server: Running;
  let origin: string;
  const environment = () => ({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    WORKERS: '2',
    DATABASE_URL: 'file:workers.db',
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
    server = run(environment());
    origin = await server.origin;
  });
  afterAll(async () => {
    server.child.kill('SIGKILL');
    await sandbox.close();
  });

  function workers(): number[] {
    return childrenOf(server.child.pid ?? 0).filter(isServer);
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

  test('a wrong setting is reported once, and ends the process', async () => {
    const wrong = run({ ...environment(), DATABASE_URL: 'file:/dev/null/workers.db' });
    expect(await wrong.exited).toBe(1);
    expect(wrong.printed().match(/DATABASE_URL/g)).toHaveLength(1);
  });

  test('is refused with the built-in sandbox', async () => {
    const wrong = run({ WORKERS: '2' });
    expect(await wrong.exited).toBe(1);
    expect(wrong.printed()).toContain('WORKERS must be 1 with the built-in sandbox');
  });
});

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
}

/** Not a service of tsx. */
function isServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts');
  } catch {
    return false;
  }
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

function isRunning(pid: number): boolean {
  return !Number.isNaN(parentOf(String(pid)));
}
