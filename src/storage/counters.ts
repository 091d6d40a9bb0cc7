import { createPool } from 'mysql2';
import { type MysqlOptions, poolOptions } from './mysql.ts';
import { StorageError, storageError, TIMEOUT } from './storage-error.ts';

type Done<T> = (error: StorageError | null, result?: T) => void;

/** A connection as rate-limiter-flexible uses it. */
type CounterConnection = {
  query(sql: string, ...rest: [Done<unknown>] | [unknown[], Done<unknown>]): void;
  rollback(): void;
  release(): void;
};

/** Connections for counters: few, and none is waited for longer than the deadline. */
export type CounterPool = {
  getConnection(done: Done<CounterConnection>): void;
  close(): Promise<void>;
};

/** Counting stands in front of every login, so it gives up early: others count in memory then. */
const TIMEOUT_MS = 500;
const POOL_SIZE = 4;

/**
 * The mode of the session is the server's own here, so keys must not need escaping: addresses, AppIDs and ids of ours.
 * @param onFailure hears of every statement that failed
 */
export function createCounterPool(
  options: MysqlOptions,
  onFailure: (error: StorageError) => void,
): CounterPool {
  const pool = createPool(poolOptions({ ...options, poolSize: POOL_SIZE, timeoutMs: TIMEOUT_MS }));
  const failed = (error: unknown): StorageError => {
    const failure = storageError(error);
    onFailure(failure);
    return failure;
  };
  return {
    getConnection(done) {
      let waiting = true;
      const timer = setTimeout(() => {
        waiting = false;
        done(failed(new StorageError('UNAVAILABLE', TIMEOUT)));
      }, TIMEOUT_MS);
      pool.getConnection((error, connection) => {
        clearTimeout(timer);
        if (error && waiting) return done(failed(error));
        if (error) return;
        if (!waiting) return connection.release();
        let broken = false;
        done(null, {
          query(sql, ...rest) {
            const [values, answer] = rest.length === 1 ? [[], rest[0]] : rest;
            connection.query({ sql, values, timeout: TIMEOUT_MS }, (error, result) => {
              if (!error) return answer(null, result);
              broken = true;
              answer(failed(error));
            });
          },
          // A connection whose transaction failed is not used again, which rolls it back.
          rollback: () => undefined,
          release: () => (broken ? connection.destroy() : connection.release()),
        });
      });
    },
    close: () => new Promise((resolve) => pool.end(() => resolve())),
  };
}
