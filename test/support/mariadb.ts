import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { DATABASE_PASSWORD } from './canaries.ts';

/** A MariaDB of our own: its own data directory, socket and port, thrown away at the end. */
export type MariaDb = {
  /** Without a database. */
  url: string;
  pid: number;
  stop(): Promise<void>;
};

function find(names: string[]) {
  return names.find((name) => existsSync(name));
}
function server() {
  return find(['/usr/sbin/mariadbd', '/usr/local/bin/mariadbd', '/opt/homebrew/bin/mariadbd']);
}
function installer() {
  return find([
    '/usr/bin/mariadb-install-db',
    '/usr/local/bin/mariadb-install-db',
    '/opt/homebrew/bin/mariadb-install-db',
  ]);
}

export function hasMariaDb() {
  return server() !== undefined && installer() !== undefined;
}

/** Runs 8 hours ahead of UTC, as servers in China do, and with a hostile sql_mode: none of it may matter. */
const OPTIONS = [
  '--default-time-zone=+08:00',
  '--sql-mode=NO_BACKSLASH_ESCAPES',
  '--character-set-server=latin1',
];

export async function startMariaDb(options: readonly string[] = OPTIONS): Promise<MariaDb> {
  const [mariadbd, install] = [server(), installer()];
  if (!mariadbd || !install) throw new Error('MariaDB is not installed: npm run test:install');
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-mariadb-'));
  const data = join(folder, 'data');
  const socket = join(folder, 'socket');
  const account = process.getuid?.() === 0 ? ['--user=root'] : [];
  execFileSync(
    install,
    [
      '--no-defaults',
      `--datadir=${data}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
      ...account,
    ],
    { stdio: 'ignore' },
  );
  const port = await freePort();
  const child = spawn(
    mariadbd,
    [
      '--no-defaults',
      ...account,
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--pid-file=${join(folder, 'pid')}`,
      '--innodb-buffer-pool-size=64M',
      '--max-connections=300',
      ...options,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await secure(socket);
  return {
    url: `mysql://weapp:${DATABASE_PASSWORD}@127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function secure(socketPath: string): Promise<void> {
  for (
    const end = Date.now() + 60_000;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 100))
  ) {
    try {
      const root = await createConnection({ socketPath, user: 'root' });
      await root.query(`CREATE USER weapp@'%' IDENTIFIED BY '${DATABASE_PASSWORD}'`);
      await root.query("GRANT ALL ON *.* TO weapp@'%' WITH GRANT OPTION");
      await root.end();
      return;
    } catch (error) {
      if (error instanceof Error && 'errno' in error && typeof error.errno === 'number' && error.errno > 0)
        throw error;
    }
  }
  throw new Error('MariaDB did not start within a minute');
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
