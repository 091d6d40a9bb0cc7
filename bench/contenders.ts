import { compile, PROJECT, run } from './build.ts';
import { APP_ID, APP_SECRET, JWT_SECRET, SESSION_KEY_SECRET } from './contract.ts';
import type { Role } from './cores.ts';
import type { DatabaseKind } from './database.ts';
import type { Options } from './options.ts';

/** A server that is measured. */
export type Contender = {
  name: string;
  databases: readonly DatabaseKind[];
  role: Role;
  /** Where it runs, and the command. */
  cwd: string;
  command: readonly string[];
  env: Record<string, string>;
  /** The folder of the product whose `dist/cli/migrate.js` creates the tables. */
  migrations: string;
};

export type Contenders = { contenders: Contender[]; leftOut: string[] };

/** A contender, or why it is left out. */
type Prepare = (options: Options) => Promise<Contender[] | string>;

const PREPARE: Record<string, Prepare> = {
  ours: prepareOurs,
  raw: async () => [await byHand('raw', 'servers/raw.ts')],
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

function product(name: string, folder: string, env: Record<string, string> = {}): Contender {
  return {
    name,
    databases: ['mariadb', 'libsql'],
    role: 'server',
    cwd: folder,
    command: [process.execPath, 'dist/main.js'],
    env: { ...PRODUCTION, ...env },
    migrations: folder,
  };
}

async function prepareOurs(): Promise<Contender[]> {
  return [product('ours', PROJECT)];
}

async function byHand(name: string, source: string): Promise<Contender> {
  const file = await compile(source);
  return {
    name,
    databases: ['mariadb'],
    role: 'server',
    cwd: PROJECT,
    command: [process.execPath, file],
    env: { NODE_ENV: 'production' },
    migrations: PROJECT,
  };
}
