import { type OnStatement, observed } from './observed.ts';
import { waitWhileBusy } from './sqlite-busy.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { createSqliteStatements, type SqliteExecutor } from './sqlite-statements.ts';
import { type StorageError, toStorageError } from './storage-error.ts';
import type { OpenTransaction } from './transactions.ts';
import type { Turns } from './turns.ts';

/**
 * Begins transactions on the connection that all statements share, one after the other.
 * @returns a function whose parameter is the end, a time of performance.now()
 */
export function createSqliteTransactions(
  connection: SqliteConnection,
  turns: Turns,
  onStatement: OnStatement | undefined,
): (end: number) => Promise<OpenTransaction> {
  return async (end) => {
    const leave = await turns.enter(end - performance.now());
    try {
      await waitWhileBusy(connection.begin, end);
    } catch (error) {
      leave();
      throw error;
    }
    return toOpenTransaction(connection, leave, onStatement);
  };
}

function toOpenTransaction(
  connection: SqliteConnection,
  leave: () => void,
  onStatement: OnStatement | undefined,
): OpenTransaction {
  let failure: StorageError | undefined;

  /** SQLite ends the transaction itself when the disk is full or fails. */
  function attempt<T>(run: () => T): T {
    if (failure) throw failure;
    try {
      return run();
    } catch (error) {
      const caught = toStorageError(error);
      if (!connection.isInTransaction()) failure = caught;
      throw caught;
    }
  }

  function rollback(): void {
    try {
      connection.rollback();
    } finally {
      leave();
    }
  }

  return {
    statements(check) {
      const run = <T>(statement: (sql: string, params: readonly unknown[]) => T) =>
        observed(async (sql: string, params: readonly unknown[]) => {
          check();
          return attempt(() => statement(sql, params));
        }, onStatement);
      const executor: SqliteExecutor = { query: run(connection.query), change: run(connection.change) };
      return createSqliteStatements(executor, executor.query);
    },
    failure: () => failure,
    async commit() {
      try {
        connection.commit();
      } catch (error) {
        rollback();
        throw toStorageError(error);
      }
      leave();
    },
    rollback: async () => rollback(),
    destroy: rollback,
  };
}
