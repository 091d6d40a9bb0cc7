import type { Dialect } from '../storage/dialect.ts';
import type { MysqlHost, MysqlOptions } from '../storage/mysql-pool.ts';
import { toStorageError } from '../storage/storage-error.ts';
import { formatAddress, isLoopback } from './addresses.ts';
import type { Subject } from './check.ts';
import { compareClocks } from './clocks.ts';
import { about, type Finding, failed, ok, warning } from './findings.ts';
import { checkMigrations } from './migration-state.ts';
import { checkCharsets } from './mysql-charsets.ts';
import { checkLimits } from './mysql-limits.ts';
import { checkRights } from './mysql-rights.ts';

const MAX_TIMEOUT_MS = 5000;

type Server = {
  dialect: Dialect;
  options: MysqlOptions;
  isConnected: boolean;
  findings: Finding[];
};

/** Checks each host of DATABASE_URL, and the tables on the first that responds. */
export async function checkMysql(subject: Subject, options: MysqlOptions): Promise<Finding[]> {
  const { host, port, fallbacks } = options;
  const nodes = [{ host, port }, ...fallbacks];
  const servers = await Promise.all(nodes.map((node) => checkServer(subject, options, node)));
  const first = servers.find(({ isConnected }) => isConnected);
  const findings = [
    ...servers.flatMap((server) =>
      nodes.length > 1
        ? about(formatAddress(server.options.host, server.options.port), server.findings)
        : server.findings,
    ),
    ...(first ? await checkTables(subject, first) : []),
  ];
  // Not awaited: it waits for connections that are being made.
  for (const { dialect } of servers) dialect.close().catch(() => undefined);
  return findings;
}

async function checkServer(
  { now, explain }: Subject,
  { timeoutMs, ...options }: MysqlOptions,
  node: MysqlHost,
): Promise<Server> {
  const { createMysql } = await import('../storage/mysql.ts');
  const own = {
    ...options,
    ...node,
    fallbacks: [],
    poolSize: 1,
    timeoutMs: Math.min(timeoutMs, MAX_TIMEOUT_MS),
  };
  const dialect = createMysql(own);
  const server = { dialect, options: own };
  try {
    const version = await checkVersion(dialect);
    const rest = [
      await checkEncryption(dialect, own),
      await checkClock(dialect, now),
      await checkReadOnly(dialect),
      ...(await checkCluster(dialect)),
    ];
    return { ...server, isConnected: true, findings: [version, ...rest] };
  } catch (error) {
    const message = `${dialect.place} cannot be used (${toStorageError(error).code})`;
    return { ...server, isConnected: false, findings: [failed('database', message, explain(error))] };
  }
}

async function checkTables(subject: Subject, { dialect, options }: Server): Promise<Finding[]> {
  const checks: Readonly<Record<string, () => Promise<Finding[]>>> = {
    'database-migrations': () => checkMigrations(dialect, subject),
    'database-rights': () => checkRights(dialect, options.database, subject.config),
    'database-charset': () => checkCharsets(dialect),
    'database-connections': () => checkLimits(dialect, subject.config),
  };
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(checks))
    findings.push(...(await check().catch((error: unknown) => [failureOf(name, error, subject)])));
  return findings;
}

function failureOf(check: string, error: unknown, { explain }: Subject): Finding {
  const { code, failure } = toStorageError(error);
  if (failure === 'UNAVAILABLE') return failed(check, `a statement failed (${code})`, explain(error));
  return warning(check, `cannot be checked on this database (${code})`, 'check it by hand');
}

const MIN_MYSQL = 8;
const MIN_MARIADB = [10, 6] as const;

/** `8.0.36`, `10.11.6-MariaDB-0+deb12u1` or `5.5.5-10.6.12-MariaDB`. */
async function checkVersion(dialect: Dialect): Promise<Finding> {
  const [[version = ''] = []] = await dialect.execute('SELECT VERSION()');
  const text = String(version).replace(/^5\.5\.5-(?=\d+\.\d+\.\d+-MariaDB)/, '');
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  const isMariaDb = /mariadb/i.test(text);
  const [minMajor, minMinor] = MIN_MARIADB;
  const isSupported = isMariaDb
    ? major > minMajor || (major === minMajor && minor >= minMinor)
    : major >= MIN_MYSQL;
  const name = `${isMariaDb ? 'MariaDB' : 'MySQL'} ${text} at ${dialect.place}`;
  return isSupported
    ? ok('database', name)
    : warning(
        'database',
        name,
        'use MySQL 8 or later, or MariaDB 10.6 or later: older versions are not tested',
      );
}

async function checkEncryption(dialect: Dialect, { host, socketPath }: MysqlOptions): Promise<Finding> {
  const check = 'database-tls';
  const version = await showValue(dialect, "SHOW STATUS LIKE 'Ssl_version'");
  if (version) return ok(check, `encrypted with ${version}`);
  if (socketPath !== undefined || isLoopback(host)) return ok(check, 'not encrypted, on this machine');
  return warning(
    check,
    `the connection to ${host} is not encrypted: who reads it sees the data of all users`,
    'add ssl=1 to DATABASE_URL; ignore this in a network that nobody else uses',
  );
}

async function checkClock(dialect: Dialect, now: Subject['now']): Promise<Finding> {
  const sentAt = now();
  const [[time = ''] = []] = await dialect.execute('SELECT UTC_TIMESTAMP(3)');
  const receivedAt = now();
  return compareClocks('database-clock', 'the database', {
    theirs: Date.parse(`${String(time).replace(' ', 'T')}Z`),
    ours: (sentAt + receivedAt) / 2,
    resolutionMs: (receivedAt - sentAt) / 2,
  });
}

async function checkReadOnly(dialect: Dialect): Promise<Finding> {
  const check = 'database-writable';
  const value = await showValue(dialect, "SHOW VARIABLES LIKE 'read_only'");
  return value === 'ON' || value === '1'
    ? failed(check, 'the server is read-only', 'is it a replica? Set DATABASE_URL to the primary')
    : ok(check, 'the server accepts writes');
}

/** Galera. No finding without a cluster. */
async function checkCluster(dialect: Dialect): Promise<Finding[]> {
  if ((await showValue(dialect, "SHOW VARIABLES LIKE 'wsrep_on'")) !== 'ON') return [];
  const check = 'database-cluster';
  const size = await showValue(dialect, "SHOW STATUS LIKE 'wsrep_cluster_size'");
  const state = await showValue(dialect, "SHOW STATUS LIKE 'wsrep_local_state_comment'");
  const isReady = (await showValue(dialect, "SHOW STATUS LIKE 'wsrep_ready'")) === 'ON';
  const message = `a cluster of ${size} nodes; the state of this one is ${state}`;
  return [
    isReady
      ? ok(check, message)
      : failed(check, message, 'this node accepts no statements: does it reach the majority of the cluster?'),
  ];
}

/** The value of a status or variable; empty if there is none. */
async function showValue(dialect: Dialect, statement: string): Promise<string> {
  const [[, value = ''] = []] = await dialect.execute(statement);
  return String(value);
}
