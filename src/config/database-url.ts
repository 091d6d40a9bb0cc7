import { splitList } from '../common/lists.ts';
import type { MysqlHost } from '../storage/mysql-pool.ts';
import type { DatabaseOptions } from '../storage/open.ts';
import { type FaultContext, reject } from './parsers.ts';

type Sqlite = Extract<DatabaseOptions, { dialect: 'sqlite' }>;
type Mysql = Extract<DatabaseOptions, { dialect: 'mysql' }>;

/** DATABASE_TIMEOUT_MS sets the deadline. */
type Location = Sqlite | Omit<Mysql, 'timeoutMs'>;

/** An @ behind the authority: it ended early, at a character of the password. */
const UNENCODED = /^mysql:\/\/[^/?#]*[/?#].*@/;

export function parseDatabaseUrl(text: string, context: FaultContext): Location {
  if (text.startsWith('file:')) return parseFile(text, context);
  if (UNENCODED.test(text))
    return reject(
      context,
      'has a special character in user or password that is not percent-encoded: write %2F for /, %23 for #, %3F for ?, %40 for @, or set DATABASE_PASSWORD',
    );
  const { first, others } = splitHosts(text);
  const url = URL.canParse(first) ? new URL(first) : null;
  const fallbacks = others.map((host) =>
    URL.canParse(`mysql://${host}`) ? new URL(`mysql://${host}`) : null,
  );
  if (url?.protocol !== 'mysql:' || !fallbacks.every((fallback) => fallback !== null))
    return reject(
      context,
      'must begin with mysql:// (mysql://user:password@host:3306/database) or file: (file:.data/my.db)',
    );
  try {
    return parseServer(url, fallbacks.map(hostOf), context);
  } catch {
    return reject(context, 'has an invalid % encoding: write %25 for a percent sign in user or password');
  }
}

/** `file:///absolute/path`, `file:/absolute/path` or `file:relative/path`. */
function parseFile(text: string, context: FaultContext): Location {
  const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
  if (path === '' || path.startsWith('//') || path.endsWith('/') || /[?#%]/.test(path))
    return reject(
      context,
      'has no file name: write file:.data/my.db or file:/var/lib/my.db, without options and the characters ? # %',
    );
  return { dialect: 'sqlite', path };
}

/** The last @ ends the password: commas before it separate no hosts. */
const HOSTS = /^(mysql:\/\/(?:[^/?#]*@)?)([^/?#,@]*),([^/?#@]*)((?:[/?#].*)?)$/s;

/** `mysql://user:password@a:3306,b:3306/db`: the URL with the first host, and the other hosts. */
function splitHosts(text: string): { first: string; others: string[] } {
  const [, start = text, host = '', others = '', end = ''] = HOSTS.exec(text) ?? [];
  return { first: `${start}${host}${end}`, others: splitList(others) };
}

function hostOf({ hostname, port }: URL): MysqlHost {
  return { host: decodeURIComponent(hostname.replace(/^\[|\]$/g, '')), port: Number(port || 3306) };
}

/** @throws {URIError} */
function parseServer(url: URL, fallbacks: readonly MysqlHost[], context: FaultContext): Location {
  const { ssl = '0', socketPath, poolSize = '10', ...unknown } = Object.fromEntries(url.searchParams);
  const [unknownOption] = Object.keys(unknown);
  if (unknownOption)
    return reject(
      context,
      `has the unknown option ${unknownOption}: the options are ssl=1, poolSize=10 and socketPath=/path/to/mysqld.sock`,
    );
  if (!/^(0|1|true|false)$/.test(ssl))
    return reject(context, 'has an invalid ssl option: 1 requires TLS with a valid certificate, 0 does not');
  if (!/^[1-9]\d{0,2}$/.test(poolSize))
    return reject(context, 'has an invalid poolSize option: use 1 to 999, or omit it for 10');
  const database = decodeURIComponent(url.pathname.slice(1));
  if (!database) return reject(context, 'has no database name: mysql://user:password@host:3306/database');
  return {
    dialect: 'mysql',
    ...hostOf(url),
    fallbacks,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    socketPath,
    ssl: ssl === '1' || ssl === 'true',
    poolSize: Number(poolSize),
  };
}
