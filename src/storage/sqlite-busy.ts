import { setTimeout as sleep } from 'node:timers/promises';
import { BUSY, StorageError, toStorageError } from './storage-error.ts';

/** While another process writes, a statement is tried again after this time. */
const BUSY_DELAY_MS = 20;
/** How long a statement waits altogether. */
export const BUSY_LIMIT_MS = 5000;

/**
 * Waits without blocking the event loop while another process writes.
 * @param end a time of performance.now()
 * @throws {StorageError}
 */
export async function waitWhileBusy<T>(run: () => T, end = performance.now() + BUSY_LIMIT_MS): Promise<T> {
  try {
    return run();
  } catch (error) {
    const failure = toStorageError(error);
    if (!BUSY.test(failure.code)) throw failure;
    if (performance.now() > end) throw new StorageError('UNAVAILABLE', failure.code);
  }
  await sleep(BUSY_DELAY_MS);
  return waitWhileBusy(run, end);
}
