/** What a caller can do about a failed statement. */
export type StorageFailure =
  /** The database can't be reached, is starting, read-only or too slow: the same call may work later. */
  | 'UNAVAILABLE'
  /** A unique key is taken. */
  | 'DUPLICATE'
  /** Anything else: a bug of ours, or a database whose tables aren't ours. */
  | 'FAULT';

/**
 * A failed statement. It carries the driver's code and nothing else: the messages of Drizzle and of the
 * drivers hold SQL, parameters and passwords, so neither they nor a `cause` are kept.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly failure: StorageFailure;
  /** The driver's code, such as `ER_DUP_ENTRY`, `ECONNREFUSED` or `SQLITE_BUSY`. */
  readonly code: string;
  /** True when the database undid the statement and a second try may succeed (deadlock, lock wait, busy). */
  readonly undone: boolean;

  constructor(failure: StorageFailure, code: string, undone = false) {
    super(`database ${failure.toLowerCase()} (${code})`);
    this.failure = failure;
    this.code = code;
    this.undone = undone;
  }
}

/** The connection can't be used again, whatever its state looks like. */
export const LOST = 'PROTOCOL_CONNECTION_LOST';
export const TIMEOUT = 'ETIMEDOUT';

const UNDONE = new Set([1020, 1205, 1213, 3101, 8022, 9007]);
const DUPLICATE = new Set([1062]);
const READ_ONLY = new Set([1290, 1792, 1836]);
const UNAVAILABLE = new Set([
  ...READ_ONLY,
  ...[1021, 1040, 1044, 1045, 1047, 1049, 1053, 1114, 1129, 1130, 1158, 1159, 1160, 1161, 1180, 1203, 1226],
  ...[1317, 1927, 1969, 3024, 3032, 3100, 9001, 9002, 9005],
]);
/** Node's codes where a certificate is not good. */
export const TLS = /^(ERR_(TLS|SSL)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HANDSHAKE_)/;
/** The file of the database, or the socket of the server, can't be used by this account. */
export const NO_FILE =
  /^(E(ACCES|PERM|ROFS|EXIST|ISDIR|NOTDIR|NOSPC|MFILE)$|SQLITE_(CANTOPEN|FULL|IOERR|READONLY))/;
const NETWORK =
  /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|ADDR)|ENOENT|PROTOCOL_|POOL_|CLIENT_CLOSED|HANDSHAKE_)/;

/**
 * Reads the failure of a driver: MySQL's error numbers, Node's network codes, SQLite's result codes.
 * Sources: https://mariadb.com/kb/en/mariadb-error-code-reference/, https://www.sqlite.org/rescode.html
 */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof StorageError) return cause;
  const { code, errno } = codes(cause);
  if (UNDONE.has(errno) || /^SQLITE_(BUSY|LOCKED)/.test(code))
    return new StorageError('UNAVAILABLE', code, true);
  if (DUPLICATE.has(errno) || /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)/.test(code))
    return new StorageError('DUPLICATE', code);
  if (UNAVAILABLE.has(errno) || [NETWORK, TLS, NO_FILE].some((codes) => codes.test(code)))
    return new StorageError('UNAVAILABLE', code);
  return new StorageError('FAULT', code);
}

/** A connection that met one of these is destroyed, never pooled: it is dead, or it leads to a demoted primary. */
export function endsConnection(error: unknown): boolean {
  const { code, errno } = codes(error);
  return READ_ONLY.has(errno) || NETWORK.test(code) || errno === 1053 || errno === 1927;
}

function codes(error: unknown): { code: string; errno: number } {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', errno: 0 };
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  const extended =
    'extendedCode' in error && typeof error.extendedCode === 'string' ? error.extendedCode : null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  // mysql2 names no code where it was given a statement just after the connection broke.
  if (code === null && 'fatal' in error && error.fatal === true) return { code: LOST, errno };
  if (error.message === 'Pool is closed.' || error.message === 'Queue limit reached.')
    return { code: error.message === 'Pool is closed.' ? 'POOL_CLOSED' : 'POOL_QUEUE_FULL', errno };
  return { code: extended ?? code ?? error.name, errno };
}

const TRIES = 4;

/**
 * Runs an idempotent statement, again where the database undid it (deadlock, lock wait, Galera
 * certification, busy file) or where the connection was lost, at most four times.
 * @throws {StorageError}
 */
export async function persistently<T>(statement: () => PromiseLike<T>, tries = TRIES): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    const failure = storageError(error);
    if (tries <= 1 || !(failure.undone || failure.code === LOST)) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * (TRIES - tries + 1)));
    return persistently(statement, tries - 1);
  }
}
