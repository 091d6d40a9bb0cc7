import { createPool, type PoolConnection } from 'mysql2';
import { acquireInTime, type MysqlOptions, poolOptions } from './mysql-pool.ts';
import { type StorageError, toStorageError } from './storage-error.ts';

type Callback<T> = (error: StorageError | null, result?: T) => void;

/** The connection interface that rate-limiter-flexible uses. */
type CounterConnection = {
  query(sql: string, ...rest: [Callback<unknown>] | [unknown[], Callback<unknown>]): void;
  rollback(): void;
  release(): void;
};

/** A small connection pool for counters; waiting for a connection has a deadline. */
export type CounterPool = {
  getConnection(callback: Callback<CounterConnection>): void;
  close(): Promise<void>;
};

/** Every login waits for its counter, so it gives up early: the process then counts in memory. */
const TIMEOUT_MS = 500;
export const COUNTER_CONNECTIONS = 4;

/**
 * The SQL mode of its sessions is the server's, so keys must not need escaping: addresses, AppIDs and our own ids.
 * @param onFailure called for every failed statement
 */
export function createCounterPool(
  options: MysqlOptions,
  onFailure: (error: StorageError) => void,
): CounterPool {
  const pool = createPool(poolOptions({ ...options, poolSize: COUNTER_CONNECTIONS, timeoutMs: TIMEOUT_MS }));

  function report(error: unknown): StorageError {
    const failure = toStorageError(error);
    onFailure(failure);
    return failure;
  }

  function connect(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });
  }

  function toCounterConnection(connection: PoolConnection): CounterConnection {
    let failed = false;
    return {
      query(sql, ...rest) {
        const [values, done] = rest.length === 1 ? [[], rest[0]] : rest;
        connection.query({ sql, values, timeout: TIMEOUT_MS }, (error, result) => {
          if (!error) return done(null, result);
          failed = true;
          done(report(error));
        });
      },
      // A connection with a failed transaction is destroyed on release, which rolls it back.
      rollback: () => undefined,
      release: () => (failed ? connection.destroy() : connection.release()),
    };
  }

  return {
    getConnection(callback) {
      acquireInTime(connect(), TIMEOUT_MS).then(
        (connection) => callback(null, toCounterConnection(connection)),
        (error: unknown) => callback(report(error)),
      );
    },
    close: () => new Promise((resolve) => pool.end(() => resolve())),
  };
}
