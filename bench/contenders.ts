import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, PROJECT, run } from './build.ts';
import {
  APP_ID,
  APP_SECRET,
  BODY_LIMIT,
  JWT_SECRET,
  LOGIN_DOCUMENT,
  ME_DOCUMENT,
  POOL_SIZE,
  SESSION_KEY_SECRET,
  TOKEN_TTL,
} from './contract.ts';
import type { Role } from './cores.ts';
import type { DatabaseKind } from './database.ts';
import type { Options } from './options.ts';
import { isInstalled } from './tools.ts';

/** A server that is measured. */
export type Contender = {
  name: string;
  databases: readonly DatabaseKind[];
  role: Role;
  /** Where it runs, and the command. */
  cwd: string;
  command: readonly string[];
  env: Record<string, string>;
  /** The command that creates the tables. */
  migrate: readonly string[];
  /** Whether it is measured in the quoted cells only. */
  isMainOnly?: boolean;
};

export type Contenders = { contenders: Contender[]; leftOut: string[] };

/** A contender, or why it is left out. */
type Prepare = (options: Options) => Promise<Contender[] | string>;

const PREPARE: Record<string, Prepare> = {
  ours: prepareOurs,
  notes: prepareNotes,
  observed: async () => [
    variant('ours, with metrics', { METRICS_PORT: '0' }),
    variant('ours, without log', { LOG_LEVEL: 'error' }),
  ],
  counters: async () => [variant('ours, counters in MySQL', { RATE_LIMIT_STORE: 'database' })],
  raw: prepareRaw,
  go: prepareGo,
  documented: async () => [byHand('documented', [process.execPath, await compile('servers/documented.ts')])],
  mercurius: prepareMercurius,
  baseline: prepareBaseline,
};

/** The settings of the product in production. Only the rate limits are raised: one address sends all the load. */
export const PRODUCTION: Record<string, string> = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  WECHAT_APP_ID: APP_ID,
  WECHAT_APP_SECRET: APP_SECRET,
  JWT_SECRET,
  SESSION_KEY_SECRET,
  RATE_LIMIT_LOGINS_PER_ADDRESS: '1000000',
  RATE_LIMIT_LOGINS_PER_APP: '100000000',
  SHUTDOWN_DELAY_MS: '0',
};

/**
 * Builds the servers.
 * @throws {TypeError} for a name that is none
 */
export async function prepareContenders(options: Options): Promise<Contenders> {
  const names = options.servers ?? Object.keys(PREPARE);
  // The tables of all others are created by ours.
  await run('npm', ['run', 'build']);
  const result: Contenders = { contenders: [], leftOut: [] };
  for (const name of names) {
    const prepare = PREPARE[name];
    if (!prepare) throw new TypeError(`${name} is not one of ${Object.keys(PREPARE).join(', ')}`);
    const prepared = await prepare(options);
    if (typeof prepared === 'string') result.leftOut.push(`${name}: ${prepared}`);
    else result.contenders.push(...prepared);
  }
  return result;
}

function product(name: string, folder: string, nodeOptions: readonly string[] = []): Contender {
  return {
    name,
    databases: ['mariadb', 'libsql'],
    role: 'server',
    cwd: folder,
    command: [process.execPath, ...nodeOptions, 'dist/main.js'],
    env: PRODUCTION,
    migrate: migrateBy(folder),
  };
}

/** Versions before modules had a file for it. */
function migrateBy(folder: string): readonly string[] {
  const earlier = join(folder, 'dist/cli/migrate.js');
  return existsSync(earlier)
    ? [process.execPath, earlier]
    : [process.execPath, join(folder, 'dist/main.js'), 'migrate'];
}

/** Its tables are those of our server, with those of the module if they are measured. */
async function prepareRaw({ operations }: Options): Promise<Contender[]> {
  const raw = byHand('raw', [process.execPath, await compile('servers/raw.ts')]);
  if (!operations.includes('notes')) return [raw];
  return [{ ...raw, migrate: [process.execPath, await compile('servers/with-notes.mjs'), 'migrate'] }];
}

/** Our server with the module of examples/starter. */
async function prepareNotes({ nodeOptions }: Options): Promise<Contender[]> {
  const file = await compile('servers/with-notes.mjs');
  return [
    {
      ...product('ours, with notes', PROJECT),
      databases: ['mariadb'],
      command: [process.execPath, ...nodeOptions, file],
      migrate: [process.execPath, file, 'migrate'],
    },
  ];
}

/** Our server with other settings, to see what these cost. */
function variant(name: string, env: Record<string, string>): Contender {
  return {
    ...product(name, PROJECT),
    databases: ['mariadb'],
    isMainOnly: true,
    env: { ...PRODUCTION, ...env },
  };
}

/** One for each number of worker processes. With several, they share the cores of the database and the load. */
async function prepareOurs({ workers, nodeOptions }: Options): Promise<Contender[]> {
  const isKnown = readFileSync(join(PROJECT, 'docs/configuration.md'), 'utf8').includes('| `WORKERS` |');
  if (!isKnown && workers.some((count) => count !== 1))
    throw new TypeError('this version has no WORKERS: leave out --workers');
  const ours = product('ours', PROJECT, nodeOptions);
  return workers.map((count) =>
    count === 1
      ? ours
      : {
          ...ours,
          name: `ours, ${count} workers`,
          databases: ['mariadb'],
          isMainOnly: true,
          env: { ...PRODUCTION, WORKERS: String(count) },
          role: 'two servers',
        },
  );
}

function byHand(name: string, command: readonly string[], env: Record<string, string> = {}): Contender {
  return {
    name,
    databases: ['mariadb'],
    role: 'server',
    cwd: PROJECT,
    command,
    env: { NODE_ENV: 'production', ...env },
    migrate: migrateBy(PROJECT),
  };
}

/** Where Debian keeps the sources of its Go packages. */
const DEBIAN_GOPATH = '/usr/share/gocode';

async function prepareGo(): Promise<Contender[] | string> {
  if (!isInstalled('go', 'version')) return 'Go is not installed (Debian: golang-go)';
  if (!existsSync(join(DEBIAN_GOPATH, 'src/github.com/go-sql-driver/mysql')))
    return 'its MySQL driver is not installed (Debian: golang-github-go-sql-driver-mysql-dev)';
  const file = join(PROJECT, 'bench/dist/go-server');
  const environment = ['GO111MODULE=off', `GOPATH=${DEBIAN_GOPATH}`];
  await run('env', [...environment, 'go', 'build', '-o', file, 'bench/go/main.go']);
  const settings = { APP_ID, APP_SECRET, JWT_SECRET, SESSION_KEY_SECRET, ME_DOCUMENT, LOGIN_DOCUMENT };
  const numbers = { BODY_LIMIT, POOL_SIZE, TOKEN_TTL, GOMAXPROCS: 1 };
  const texts = Object.entries(numbers).map(([key, value]) => [key, String(value)] as const);
  return [byHand('go', [file], { ...settings, ...Object.fromEntries(texts) })];
}

/** It has dependencies of its own, so that the project's `npm ci` does not install them. */
async function prepareMercurius(): Promise<Contender[]> {
  const folder = join(PROJECT, 'bench/mercurius');
  if (!isUpToDate(join(folder, 'node_modules/.package-lock.json'), join(folder, 'package-lock.json')))
    await run('npm', ['ci', '--no-audit', '--no-fund'], folder);
  await run('npx', ['--no-install', 'tsc', '-p', folder]);
  const file = await compile('mercurius/server.ts', join(folder, 'dist'));
  return [byHand('mercurius', [process.execPath, file])];
}

function isUpToDate(file: string, source: string): boolean {
  return existsSync(file) && statSync(file).mtimeMs >= statSync(source).mtimeMs;
}

/** An earlier version of the product, built in a temporary folder, which is kept for the next run. */
async function prepareBaseline({ baseline }: Options): Promise<Contender[] | string> {
  const commit = await run('git', ['rev-parse', '--verify', '--quiet', `${baseline}^{commit}`]).catch(
    () => '',
  );
  if (commit === '') return `this clone has no ${baseline}`;
  const folder = join(tmpdir(), `weapp-login-bench-${commit.trim()}`);
  if (!existsSync(join(folder, 'dist/main.js'))) {
    mkdirSync(folder, { recursive: true });
    const archive = join(folder, 'source.tar');
    await run('git', ['archive', '--output', archive, commit.trim()]);
    await run('tar', ['-xf', archive], folder);
    await run('npm', ['ci', '--no-audit', '--no-fund'], folder);
    await run('npm', ['run', 'build'], folder);
  }
  return [product('baseline', folder)];
}
