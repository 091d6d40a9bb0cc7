import { setTimeout as sleep } from 'node:timers/promises';
import { type StorageError, toStorageError } from './storage-error.ts';
import { misuseIn, type TransactionMisuse } from './transaction-scope.ts';

const MAX_ATTEMPTS = 4;
/** Of a statement that conflicts with others: on a Galera cluster under load often several times in a row. */
const MAX_CONFLICTS = 8;
const CONFLICT = 'ER_LOCK_DEADLOCK';
const MIN_DELAY_MS = 5;
const DELAY_STEP_MS = 20;

/**
 * Runs an idempotent statement. It is retried, up to three times, if the database rolled it back (lock wait, busy file) or
 * the connection was lost; up to seven times after a deadlock or a conflict on a Galera cluster.
 * @param mayRetry instead of what is said above
 * @throws {StorageError}
 * @throws {TransactionMisuse}
 */
export async function withRetry<T>(
  statement: () => PromiseLike<T>,
  mayRetry = isRetryable,
  attempt = 1,
): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    const mistake = mistakeIn(error);
    if (mistake) throw mistake;
    const failure = toStorageError(error);
    const attempts = failure.code === CONFLICT ? MAX_CONFLICTS : MAX_ATTEMPTS;
    if (attempt >= attempts || !mayRetry(failure)) throw failure;
    await sleep(MIN_DELAY_MS + Math.random() * DELAY_STEP_MS * attempt);
    return withRetry(statement, mayRetry, attempt + 1);
  }
}

function isRetryable({ retryable }: StorageError): boolean {
  return retryable;
}

const SELECT = /^\s*select\b/i;

/** Runs a statement that somebody else wrote: it is retried unless it may have had an effect. */
export function withSafeRetry<T>(sql: string, run: () => Promise<T>): Promise<T> {
  return withRetry(run, SELECT.test(sql) ? isRetryable : isRolledBack);
}

/** Whether the database rolled the statement back, so that it had no effect. */
export function isRolledBack({ retryable, isLost }: StorageError): boolean {
  return retryable && !isLost;
}

/** What the caller must correct: a call inside a transaction, or a value that cannot be part of a statement. */
export function mistakeIn(error: unknown): TransactionMisuse | TypeError | undefined {
  if (error instanceof TypeError) return error;
  if (error instanceof Error && error.cause instanceof TypeError) return error.cause;
  return misuseIn(error);
}
