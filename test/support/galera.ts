import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { DATABASE_PASSWORD } from './canaries.ts';
import { freePort } from './mariadb.ts';

/** A Galera cluster of MariaDB servers on loopback, in a folder that is removed at the end. */
export type Galera = {
  nodes: readonly GaleraNode[];
  /** The DATABASE_URL with all nodes, this one first. */
  url(database: string, first?: number): string;
  stop(): void;
};

export type GaleraNode = {
  port: number;
  /** Without a database. */
  url: string;
  kill(): Promise<void>;
  /** Starts it again after `kill`; does not wait until it accepts statements. */
  start(): void;
  freeze(): void;
  unfreeze(): void;
  /** Waits until it is synchronized with a cluster of this many nodes. */
  synced(size: number): Promise<void>;
};

const SERVER = '/usr/sbin/mariadbd';
const PROVIDER = '/usr/lib/galera/libgalera_smm.so';
const PROGRAMS = [SERVER, PROVIDER, '/usr/bin/mariadb-install-db', '/usr/bin/rsync', '/usr/bin/gcc'];
const START_TIMEOUT_MS = 120_000;

/**
 * How soon the cluster goes on without a node that is gone: about `suspect_timeout`. The default of 5 s takes longer
 * than a client waits; keepalive_period must be below a third of it.
 */
const TIMEOUTS =
  process.env.GALERA_DEFAULTS === '1'
    ? ''
    : 'evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;';

/** The programs that are missing for startGalera. */
export function missingForGalera(): string[] {
  return PROGRAMS.filter((path) => !existsSync(path));
}

export async function startGalera(size = 3): Promise<Galera> {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-galera-'));
  const shim = join(folder, 'schedparam.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', shim, resolve('test/cluster/schedparam.c'), '-ldl']);
  const addresses = await Promise.all(
    Array.from({ length: size }, async () => ({
      port: await freePort(),
      group: await freePort(),
      incremental: await freePort(),
      snapshot: await freePort(),
    })),
  );
  const group = addresses.map((address) => `127.0.0.1:${address.group}`).join();
  const children = new Set<ChildProcess>();
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.on('exit', killAll);

  const account = process.getuid?.() === 0 ? ['--user=mysql'] : [];
  const nodes = addresses.map(({ port, ...ports }, i): GaleraNode => {
    const data = join(folder, `node${i}`);
    const log = join(folder, `node${i}.log`);
    mkdirSync(data);
    const options = [
      '--no-defaults',
      ...account,
      ...[`--datadir=${data}`, `--innodb-data-home-dir=${data}`, `--innodb-log-group-home-dir=${data}`],
      ...[`--socket=${data}/socket`, `--pid-file=${data}/pid`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...['--innodb-buffer-pool-size=64M', '--innodb-autoinc-lock-mode=2', '--binlog-format=ROW'],
      ...['--wsrep-on=ON', `--wsrep-provider=${PROVIDER}`, '--wsrep-cluster-name=weapp_login'],
      ...[`--wsrep-node-name=node${i}`, '--wsrep-node-address=127.0.0.1', '--wsrep-sst-method=rsync'],
      `--wsrep-sst-receive-address=127.0.0.1:${ports.snapshot}`,
      `--wsrep-provider-options=${TIMEOUTS}gcache.size=32M;gmcast.listen_addr=tcp://127.0.0.1:${ports.group};ist.recv_addr=127.0.0.1:${ports.incremental}`,
    ];
    let child: ChildProcess | undefined;
    let isCreated = false;

    return {
      port,
      url: `mysql://weapp:${DATABASE_PASSWORD}@127.0.0.1:${port}`,
      start() {
        const output = openSync(log, 'a');
        // The first node creates the cluster, once.
        const isFirst = i === 0 && !isCreated;
        const started = spawn(
          SERVER,
          [...options, `--wsrep-cluster-address=gcomm://${isFirst ? '' : group}`],
          {
            stdio: ['ignore', output, output],
            env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LD_PRELOAD: shim },
          },
        );
        children.add(started);
        started.once('exit', () => children.delete(started));
        child = started;
        isCreated = true;
      },
      async kill() {
        const killed = child;
        if (!killed || killed.exitCode !== null) return;
        const exited = new Promise((done) => killed.once('exit', done));
        killed.kill('SIGKILL');
        await exited;
      },
      freeze: () => void child?.kill('SIGSTOP'),
      unfreeze: () => void child?.kill('SIGCONT'),
      async synced(expected) {
        const isSynced = async () => {
          const connection = await createConnection({
            socketPath: `${data}/socket`,
            user: 'root',
            connectTimeout: 1000,
          });
          try {
            const [rows] = await connection.query({ sql: "SHOW STATUS LIKE 'wsrep%'", rowsAsArray: true });
            const status: Map<string, string> = new Map(JSON.parse(JSON.stringify(rows)));
            return (
              status.get('wsrep_ready') === 'ON' &&
              status.get('wsrep_local_state_comment') === 'Synced' &&
              status.get('wsrep_cluster_size') === String(expected)
            );
          } finally {
            connection.destroy();
          }
        };
        for (const end = performance.now() + START_TIMEOUT_MS; performance.now() < end; await sleep(50)) {
          if (await isSynced().catch(() => false)) return;
          if (child?.exitCode !== null) break;
        }
        throw new Error(
          `node ${i} is not in a cluster of ${expected}:\n${readFileSync(log, 'utf8').slice(-3000)}`,
        );
      },
    };
  });

  const url = (database: string, first = 0) => {
    const ports = [...addresses.slice(first), ...addresses.slice(0, first)].map(({ port }) => port);
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join();
    return `mysql://weapp:${DATABASE_PASSWORD}@${hosts}/${database}`;
  };
  const stop = () => {
    process.off('exit', killAll);
    killAll();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // mariadbd gives up root.
    chmodSync(folder, 0o755);
    createDataDirectory(join(folder, 'node0'), account);
    if (account.length > 0) execFileSync('chown', ['-R', 'mysql:', folder]);
    for (const [i, node] of nodes.entries()) {
      node.start();
      await node.synced(i + 1);
      if (i === 0) await createAccount(join(folder, 'node0', 'socket'));
    }
    return { nodes, url, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The other nodes get a copy. */
function createDataDirectory(data: string, account: readonly string[]): void {
  execFileSync(
    '/usr/bin/mariadb-install-db',
    [
      '--no-defaults',
      ...account,
      `--datadir=${data}`,
      '--skip-test-db',
      '--auth-root-authentication-method=normal',
    ],
    { stdio: 'ignore' },
  );
}

async function createAccount(socketPath: string): Promise<void> {
  const root = await createConnection({ socketPath, user: 'root' });
  await root.query(`CREATE USER weapp@'%' IDENTIFIED BY '${DATABASE_PASSWORD}'`);
  await root.query("GRANT ALL ON *.* TO weapp@'%'");
  await root.end();
}
