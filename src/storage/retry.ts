import { setTimeout as sleep } from 'node:timers/promises';
import { toStorageError } from './storage-error.ts';

const MAX_ATTEMPTS = 4;
const MIN_DELAY_MS = 5;
const DELAY_STEP_MS = 20;

/**
 * Runs an idempotent statement. It is retried, up to three times, if the database rolled it back (deadlock, lock wait,
 * Galera certification, busy file) or the connection was lost.
 * @throws {StorageError}
 */
export async function withRetry<T>(statement: () => PromiseLike<T>, attempt = 1): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    const failure = toStorageError(error);
    if (attempt >= MAX_ATTEMPTS || !failure.retryable) throw failure;
    await sleep(MIN_DELAY_MS + Math.random() * DELAY_STEP_MS * attempt);
    return withRetry(statement, attempt + 1);
  }
}
