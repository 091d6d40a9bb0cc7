import { setTimeout as sleep } from 'node:timers/promises';
import { createPool, type Pool, type PoolConnection, type PoolOptions } from 'mysql2/promise';
import { withDeadline } from '../common/deadline.ts';
import type { DatabaseLoad } from './dialect.ts';
import { type SessionSupport, setSession } from './mysql-session.ts';
import { isConnectionUnusable, timeoutError, toStorageError } from './storage-error.ts';

export type MysqlHost = { host: string; port: number };

/** The parts of `mysql://user:password@host:port,host:port/database`. */
export type MysqlOptions = MysqlHost & {
  /** Hosts with the same data, in the order in which they are tried while the first fails. */
  fallbacks: readonly MysqlHost[];
  user: string;
  password: string;
  database: string;
  socketPath?: string | undefined;
  /** Requires TLS; certificate and host name are verified. */
  ssl: boolean;
  poolSize: number;
  /** Milliseconds for one statement, including waiting for a connection and connecting. */
  timeoutMs: number;
};

export type MysqlPool = {
  /**
   * Runs one statement. Times are strings, as Drizzle expects them.
   * @param ms its deadline; `timeoutMs` by default
   * @throws {StorageError}
   */
  query(sql: string, values: readonly unknown[], rowsAsArray: boolean, ms?: number): Promise<unknown>;
  /**
   * Runs one prepared statement, which each connection prepares once; returns rows as arrays, and times as Date.
   * @throws {StorageError}
   */
  execute(sql: string, values: readonly (string | number | null)[]): Promise<unknown>;
  /**
   * Waits for a connection and keeps it, for a transaction.
   * @param end a time of performance.now(), also for its statements
   * @throws {StorageError}
   */
  borrow(end: number): Promise<BorrowedConnection>;
  load(): DatabaseLoad;
  close(): Promise<void>;
};

export type BorrowedConnection = {
  /** @throws {StorageError} */
  query(sql: string, values: readonly unknown[], rowsAsArray: boolean): Promise<unknown>;
  /** Returns it to the pool; if a statement found it unusable, it is destroyed. */
  giveBack(): void;
  destroy(): void;
};

/** Statements that wait for a connection at most. */
const QUEUE_LIMIT = 1000;
const MAX_IDLE = 2;
const TOO_MANY_CONNECTIONS = 'ER_CON_COUNT_ERROR';
const RETRY_DELAY_MS = 20;
const IDLE_TIMEOUT_MS = 60_000;
/** Of one connection. A server has 16,382 for all of them by default. */
const MAX_PREPARED_STATEMENTS = 100;
/** How long a host that failed is not tried while another one works. */
const FAILED_MS = 5000;

type Node = SessionSupport & {
  pool: Pool;
  /** A time of performance.now(); 0 if its last statement succeeded. */
  failedUntil: number;
};

/** mysql2 has no deadline for statements or for waiting in the queue, so this pool adds one for both. */
export function createMysqlPool(options: MysqlOptions): MysqlPool {
  const { timeoutMs } = options;
  const { host, port, fallbacks } = options;
  const nodes = [{ host, port }, ...fallbacks].map((node) => ({
    pool: createPool(poolOptions({ ...options, ...node })),
    failedUntil: 0,
    hasSyncWait: true,
  }));
  const prepared = new WeakSet<object>();
  const load = { inUse: 0, waiting: 0 };

  /**
   * In order, without those that failed recently; all if none is left. So the first is used again when it is back: one
   * statement tries it, because all would wait for a host that does not respond.
   */
  function candidates(): Node[] {
    const usable = nodes.filter(({ failedUntil }) => failedUntil <= performance.now());
    for (const node of usable) if (node.failedUntil > 0) setFailed(node);
    return usable.length > 0 ? usable : nodes;
  }

  function setFailed(node: Node): void {
    node.failedUntil = performance.now() + FAILED_MS;
  }

  /** If the server accepts no more connections, waits for one of ours. */
  async function acquire(end: number): Promise<{ node: Node; connection: PoolConnection }> {
    let failure: unknown;
    const tried = candidates();
    for (const [i, node] of tried.entries()) {
      const ms = Math.min(timeoutMs, end - performance.now()) / (tried.length - i);
      try {
        return { node, connection: await acquireInTime(node.pool.getConnection(), ms) };
      } catch (error) {
        failure = error;
        setFailed(node);
      }
    }
    if (toStorageError(failure).code !== TOO_MANY_CONNECTIONS || performance.now() > end) throw failure;
    await sleep(RETRY_DELAY_MS);
    return acquire(end);
  }

  /** Gets a connection whose session is set; `giveBack` must be called once. */
  async function take(end: number) {
    load.waiting += 1;
    const { node, connection } = await acquire(end).finally(() => {
      load.waiting -= 1;
    });
    load.inUse += 1;
    const giveBack = (isUnusable: boolean) => {
      load.inUse -= 1;
      if (isUnusable) connection.destroy();
      else connection.release();
    };
    const fail = (error: unknown) => {
      const isUnusable = isConnectionUnusable(error);
      if (isUnusable) setFailed(node);
      giveBack(isUnusable);
    };
    try {
      if (!prepared.has(connection.connection))
        await withDeadline(end - performance.now(), setSession(node, connection), timeoutError);
      prepared.add(connection.connection);
    } catch (error) {
      fail(error);
      throw error;
    }
    return { node, connection, giveBack, fail };
  }

  /** Runs a statement on a connection, within the deadline. */
  async function run(
    statement: (connection: PoolConnection) => Promise<[unknown, unknown]>,
    ms: number,
  ): Promise<unknown> {
    const end = performance.now() + ms;
    try {
      const { node, connection, giveBack, fail } = await take(end);
      try {
        const [result] = await withDeadline(end - performance.now(), statement(connection), timeoutError);
        giveBack(false);
        node.failedUntil = 0;
        return result;
      } catch (error) {
        fail(error);
        throw error;
      }
    } catch (error) {
      throw toStorageError(error);
    }
  }

  async function borrow(end: number): Promise<BorrowedConnection> {
    const { connection, giveBack } = await take(end).catch((error: unknown) => {
      throw toStorageError(error);
    });
    let isUnusable = false;
    return {
      async query(sql, values, rowsAsArray) {
        try {
          const sent = sendText(connection, sql, values, rowsAsArray);
          const [result] = await withDeadline(end - performance.now(), sent, timeoutError);
          return result;
        } catch (error) {
          isUnusable ||= isConnectionUnusable(error);
          throw toStorageError(error);
        }
      },
      giveBack: () => giveBack(isUnusable),
      destroy: () => giveBack(true),
    };
  }

  return {
    query: (sql, values, rowsAsArray, ms = timeoutMs) =>
      run((connection) => sendText(connection, sql, values, rowsAsArray), ms),
    execute: (sql, values) =>
      run((connection) => connection.execute({ sql, values: [...values], rowsAsArray: true }), timeoutMs),
    borrow,
    load: () => ({ ...load }),
    async close() {
      // It fails for a connection that is being made to a host that does not respond.
      await Promise.allSettled(nodes.map(({ pool }) => pool.end()));
    },
  };
}

/** Sends a statement with its values in the text. Times are strings, as Drizzle expects them. */
function sendText(
  connection: PoolConnection,
  sql: string,
  values: readonly unknown[],
  rowsAsArray: boolean,
): Promise<[unknown, unknown]> {
  return connection.query({ sql, values: [...values], rowsAsArray, dateStrings: true });
}

/** Waits for a connection of a pool; one that arrives too late is released. */
export async function acquireInTime<Connection extends { release(): void }>(
  connecting: Promise<Connection>,
  ms: number,
): Promise<Connection> {
  try {
    return await withDeadline(ms, connecting, timeoutError);
  } catch (error) {
    connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw error;
  }
}

export function poolOptions({ poolSize, timeoutMs, ssl, socketPath, ...server }: MysqlOptions): PoolOptions {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(ssl ? { ssl: { minVersion: 'TLSv1.2', rejectUnauthorized: true, verifyIdentity: true } } : {}),
    charset: 'utf8mb4',
    timezone: 'Z',
    connectTimeout: timeoutMs,
    connectionLimit: poolSize,
    queueLimit: QUEUE_LIMIT,
    maxIdle: Math.min(poolSize, MAX_IDLE),
    idleTimeout: IDLE_TIMEOUT_MS,
    maxPreparedStatements: MAX_PREPARED_STATEMENTS,
    // Else mysql2 takes a stack trace for each statement; we keep the code of an error only.
    trace: false,
    // Integers that a number cannot hold are strings.
    supportBigNumbers: true,
  };
}
