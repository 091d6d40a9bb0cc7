import { setTimeout as sleep } from 'node:timers/promises';
import { toStorageError } from './storage-error.ts';

const MAX_ATTEMPTS = 4;
/** Of a statement that conflicts with others: on a Galera cluster under load often several times in a row. */
const MAX_CONFLICTS = 8;
const CONFLICT = 'ER_LOCK_DEADLOCK';
const MIN_DELAY_MS = 5;
const DELAY_STEP_MS = 20;

/**
 * Runs an idempotent statement. It is retried, up to three times, if the database rolled it back (lock wait, busy file) or
 * the connection was lost; up to seven times after a deadlock or a conflict on a Galera cluster.
 * @throws {StorageError}
 */
export async function withRetry<T>(statement: () => PromiseLike<T>, attempt = 1): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    const failure = toStorageError(error);
    const attempts = failure.code === CONFLICT ? MAX_CONFLICTS : MAX_ATTEMPTS;
    if (attempt >= attempts || !failure.retryable) throw failure;
    await sleep(MIN_DELAY_MS + Math.random() * DELAY_STEP_MS * attempt);
    return withRetry(statement, attempt + 1);
  }
}
