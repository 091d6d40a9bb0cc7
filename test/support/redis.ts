import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { REDIS_PASSWORD } from './canaries.ts';
import { freePort } from './mariadb.ts';

/** A Redis of our own, with a password, that keeps its data when it is stopped as service managers do. */
export type RedisServer = {
  url: string;
  pid(): number;
  start(): Promise<void>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
};

const SERVER = '/usr/bin/redis-server';

export function hasRedis(): boolean {
  return existsSync(SERVER);
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-redis-'));
  let child: ReturnType<typeof spawn>;
  const start = async () => {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '60 1'];
    child = spawn(SERVER, [...options, '--requirepass', REDIS_PASSWORD], { stdio: 'ignore' });
    await vi.waitFor(() => accepts(port), { timeout: 10_000, interval: 20 });
  };
  await start();
  return {
    url: `redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`,
    pid: () => child.pid ?? 0,
    start,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGCONT');
      child.kill(signal);
      await ended;
    },
  };
}

function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
