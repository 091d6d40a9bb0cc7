import { DrizzleQueryError } from 'drizzle-orm';
import type { MySqlTable } from 'drizzle-orm/mysql-core';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { withDeadline } from '../common/deadline.ts';
import type { Database, DrizzleDatabase, Statements } from './database-types.ts';
import { mistakeIn, withRetry } from './retry.ts';
import { createRows, type RunStatement, type TableVerbs } from './rows.ts';
import { type StorageError, storageErrorIn, timeoutError, toStorageError } from './storage-error.ts';
import { TransactionMisuse, type TransactionScope } from './transaction-scope.ts';

/** What a dialect offers on one connection, or on any. `check` is called before each statement, and may throw. */
export type StatementSet = {
  drizzle: DrizzleDatabase;
  verbsOf(tables: { mysql: MySqlTable; sqlite: SQLiteTable }): TableVerbs;
};

/** A transaction that has begun. One of the last three is called, once. */
export type OpenTransaction = {
  statements(check: () => void): StatementSet;
  /** Of a statement, if nothing can be committed any more. */
  failure(): StorageError | undefined;
  /** @throws {StorageError} retryable if it was rolled back; otherwise the outcome is unknown */
  commit(): Promise<void>;
  /** Never rejects for a connection that is lost. */
  rollback(): Promise<void>;
  /** Ends it without waiting for anything. */
  destroy(): void;
};

export type DatabasePort = {
  scope: TransactionScope;
  /** Milliseconds for a transaction. */
  timeoutMs: number;
  statements(check: () => void): StatementSet;
  /**
   * @param end a time of performance.now()
   * @throws {StorageError}
   */
  begin(end: number): Promise<OpenTransaction>;
};

type Outcome<T> = { value: T } | { error: unknown };

export function createDatabase({ scope, timeoutMs: ofStatement, statements, begin }: DatabasePort): Database {
  /** One transaction; rejects only if it may be tried again, or could not be ended as `work` wants. */
  async function attempt<T>(work: (tx: Statements) => Promise<T>, end: number): Promise<Outcome<T>> {
    if (performance.now() >= end) throw timeoutError();
    const transaction = await begin(end);
    let isOver = false;
    const check = () => {
      if (isOver)
        throw new TransactionMisuse('the transaction has ended: await each statement before `work` returns');
    };
    const tx = createStatements(transaction.statements(check), check, runOnce);
    let outcome: Outcome<T>;
    try {
      const working = settle(scope.run(async () => work(tx)));
      outcome = await withDeadline(end - performance.now(), working, timeoutError);
    } catch (error) {
      transaction.destroy();
      throw error;
    } finally {
      isOver = true;
    }
    const failure = transaction.failure();
    if (!failure && 'value' in outcome) await transaction.commit();
    else await transaction.rollback();
    // After a deadlock the error of `work` is only its consequence.
    if (failure && (failure.retryable || 'value' in outcome)) throw failure;
    return outcome;
  }

  const { requireOutside } = scope;
  const outside = createStatements(statements(requireOutside), requireOutside, (statement) =>
    withRetry(statement),
  );

  return {
    rows: outside.rows,
    get drizzle() {
      return outside.drizzle;
    },
    async transaction(work, { timeoutMs = ofStatement } = {}) {
      requireOutside();
      const end = performance.now() + timeoutMs;
      const outcome = await withRetry(() => attempt(work, end));
      if ('error' in outcome) throw withoutSql(outcome.error);
      return outcome.value;
    },
  };
}

function createStatements(
  { drizzle, verbsOf }: StatementSet,
  check: () => void,
  run: RunStatement,
): Statements {
  const runChecked: RunStatement = async (statement) => {
    check();
    return run(statement);
  };
  return {
    rows: (tables) => createRows(tables, verbsOf(tables), runChecked),
    get drizzle() {
      check();
      return drizzle;
    },
  };
}

/** Inside a transaction only the whole is tried again. */
async function runOnce<T>(statement: () => PromiseLike<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    throw mistakeIn(error) ?? toStorageError(error);
  }
}

async function settle<T>(promise: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/** Drizzle's message holds SQL and parameters. */
function withoutSql(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? (storageErrorIn(error) ?? error.cause ?? error) : error;
}
