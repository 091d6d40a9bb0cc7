export type StorageFailure =
  /** The database is unreachable, starting, read-only or too slow: a retry may succeed later. */
  | 'UNAVAILABLE'
  /** A unique key is already used. */
  | 'DUPLICATE'
  /** Anything else: a bug of ours, or a database with other tables. */
  | 'FAULT';

/**
 * A failed statement. It keeps the driver's code only: the messages of Drizzle and the drivers hold SQL, parameters
 * and passwords, so neither they nor a `cause` are kept.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly failure: StorageFailure;
  /** The driver's code, such as `ER_DUP_ENTRY`, `ECONNREFUSED` or `SQLITE_BUSY`. */
  readonly code: string;
  /**
   * Whether an idempotent statement may succeed at once when it is tried again: it was rolled back (deadlock, lock wait,
   * busy), or the connection was lost.
   */
  readonly retryable: boolean;
  /** Whether the connection was lost, so that it is unknown whether the statement had an effect. */
  readonly isLost: boolean;

  constructor(failure: StorageFailure, code: string, retryable = false, isLost = false) {
    super(`database ${failure.toLowerCase()} (${code})`);
    this.failure = failure;
    this.code = code;
    this.retryable = retryable;
    this.isLost = isLost;
  }
}

const MAX_CAUSES = 5;

/** The StorageError that an error is, or wraps as its `cause`, as Drizzle's errors do. */
export function storageErrorIn(error: unknown, depth = 0): StorageError | undefined {
  if (error instanceof StorageError) return error;
  return error instanceof Error && depth < MAX_CAUSES ? storageErrorIn(error.cause, depth + 1) : undefined;
}

/** The connection was lost. */
const LOST = 'PROTOCOL_CONNECTION_LOST';
/**
 * The connection ended before the response, or leads to a server that is going away (1053), was killed (1927), takes a
 * backup offline (3032), or is a cluster node without quorum (1047).
 */
const LOST_CODES = new Set([LOST, 'ECONNRESET', 'EPIPE']);
const LOST_ERRNOS = new Set([1047, 1053, 1927, 3032]);
const TIMEOUT = 'ETIMEDOUT';

const ROLLED_BACK = new Set([1020, 1205, 1213, 3101, 8022, 9007]);
/** Another process writes to the libSQL file. */
export const BUSY = /^SQLITE_(BUSY|LOCKED)/;
const DUPLICATE = new Set([1062]);
const READ_ONLY = new Set([1290, 1792, 1836]);
const UNAVAILABLE = new Set([
  ...READ_ONLY,
  ...[1021, 1040, 1044, 1045, 1047, 1049, 1053, 1114, 1129, 1130, 1158, 1159, 1160, 1161, 1180, 1203, 1226],
  ...[1317, 1927, 1969, 3024, 3032, 3100, 9001, 9002, 9005],
]);
/** Node's codes for TLS failures and invalid certificates. */
export const TLS_FAILURE = /^(ERR_(TLS|SSL)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HANDSHAKE_)/;
/** The database file, or the socket of the server, cannot be used by this account. */
export const FILE_FAILURE =
  /^(E(ACCES|PERM|ROFS|EXIST|ISDIR|NOTDIR|NOSPC|MFILE)$|SQLITE_(CANTOPEN|FULL|IOERR|READONLY))/;
const NETWORK_FAILURE =
  /^(E(CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|ADDR)|ENOENT|PROTOCOL_|POOL_|CLIENT_CLOSED|HANDSHAKE_)/;

/**
 * Classifies a driver error by MySQL error number, Node error code or SQLite result code.
 * Sources: https://mariadb.com/kb/en/mariadb-error-code-reference/, https://www.sqlite.org/rescode.html
 */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof StorageError) return cause;
  const { code, errno } = codesOf(cause);
  const isLost = LOST_ERRNOS.has(errno) || LOST_CODES.has(code);
  if (isLost || ROLLED_BACK.has(errno) || BUSY.test(code))
    return new StorageError('UNAVAILABLE', code, true, isLost);
  if (DUPLICATE.has(errno) || /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)/.test(code))
    return new StorageError('DUPLICATE', code);
  const unavailable =
    UNAVAILABLE.has(errno) || [NETWORK_FAILURE, TLS_FAILURE, FILE_FAILURE].some((codes) => codes.test(code));
  return new StorageError(unavailable ? 'UNAVAILABLE' : 'FAULT', code);
}

export function timeoutError(): StorageError {
  return new StorageError('UNAVAILABLE', TIMEOUT);
}

/** Whether to destroy the connection: it is lost, or leads to a demoted primary. */
export function isConnectionUnusable(error: unknown): boolean {
  const { code, errno } = codesOf(error);
  return READ_ONLY.has(errno) || LOST_ERRNOS.has(errno) || NETWORK_FAILURE.test(code);
}

function codesOf(error: unknown): { code: string; errno: number } {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', errno: 0 };
  const { errno: number, extendedCode, code, fatal }: Record<string, unknown> = { ...error };
  const errno = typeof number === 'number' ? number : 0;
  const text = [extendedCode, code].find((value) => typeof value === 'string');
  // mysql2 sets no code if the statement was queued just after the connection broke.
  if (text === undefined && fatal === true) return { code: LOST, errno };
  if (error.message === 'Pool is closed.') return { code: 'POOL_CLOSED', errno };
  if (error.message === 'Queue limit reached.') return { code: 'POOL_QUEUE_FULL', errno };
  return { code: text ?? error.name, errno };
}
