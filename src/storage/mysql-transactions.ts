import type { BorrowedConnection, MysqlPool } from './mysql-pool.ts';
import { createMysqlStatements, type MysqlQuery } from './mysql-statements.ts';
import { type OnStatement, observed } from './observed.ts';
import { isRolledBack } from './retry.ts';
import { StorageError, toStorageError } from './storage-error.ts';
import type { OpenTransaction } from './transactions.ts';

/** 1180: a conflict on Galera, found at COMMIT. */
const COMMIT_FAILED = 'ER_ERROR_DURING_COMMIT';

/**
 * Begins transactions, each on a connection of the pool.
 * @returns a function whose parameter is the end, a time of performance.now()
 */
export function createMysqlTransactions(
  pool: Pick<MysqlPool, 'borrow'>,
  onStatement: OnStatement | undefined,
): (end: number) => Promise<OpenTransaction> {
  return async (end) => {
    const connection = await pool.borrow(end);
    const send = observed(connection.query, onStatement);
    try {
      await send('START TRANSACTION', [], false);
    } catch (error) {
      connection.giveBack();
      throw error;
    }
    return toOpenTransaction(connection, send);
  };
}

function toOpenTransaction(connection: BorrowedConnection, send: MysqlQuery): OpenTransaction {
  let failure: StorageError | undefined;

  /** After a deadlock the server has ended the transaction: further statements would be committed one by one. */
  async function query(...statement: Parameters<MysqlQuery>): Promise<unknown> {
    if (failure) throw failure;
    try {
      return await send(...statement);
    } catch (error) {
      const caught = toStorageError(error);
      if (caught.failure === 'UNAVAILABLE') failure ??= caught;
      throw caught;
    }
  }

  async function rollback(): Promise<void> {
    try {
      await send('ROLLBACK', [], false);
    } catch {
      connection.destroy();
      return;
    }
    connection.giveBack();
  }

  return {
    statements(check) {
      const checked: MysqlQuery = async (...statement) => {
        check();
        return query(...statement);
      };
      return createMysqlStatements({ query: checked, queryOfDrizzle: checked });
    },
    failure: () => failure,
    async commit() {
      try {
        await send('COMMIT', [], false);
      } catch (error) {
        const caught = toStorageError(error);
        await rollback();
        const isConflict = isRolledBack(caught) || caught.code === COMMIT_FAILED;
        throw new StorageError(caught.failure, caught.code, isConflict);
      }
      connection.giveBack();
    },
    rollback,
    destroy: connection.destroy,
  };
}
