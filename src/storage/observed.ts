import { inSpan } from '../common/tracing.ts';
import { type StorageFailure, toStorageError } from './storage-error.ts';

/**
 * Called when a statement has ended.
 * @param kind its first word, such as `select`
 * @param durationMs with the time in the queue of the pool
 */
export type OnStatement = (kind: string, outcome: 'OK' | StorageFailure, durationMs: number) => void;

type Run<Rest extends unknown[], T> = (sql: string, ...rest: Rest) => Promise<T>;

/** Makes a function that runs a statement report it, and run it in a span. */
export function observed<Rest extends unknown[], T>(
  run: Run<Rest, T>,
  onStatement: OnStatement | undefined,
): Run<Rest, T> {
  return async (sql, ...rest) => {
    const kind = kindOf(sql);
    const startedAt = performance.now();
    const finish = (outcome: Parameters<OnStatement>[1]) =>
      onStatement?.(kind, outcome, performance.now() - startedAt);
    try {
      const result = await inSpan(`database ${kind}`, 'CLIENT', {}, () => run(sql, ...rest));
      finish('OK');
      return result;
    } catch (error) {
      finish(toStorageError(error).failure);
      throw error;
    }
  };
}

const KIND = /^\s*(select|insert|update|delete)\b/i;

function kindOf(sql: string): string {
  return KIND.exec(sql)?.[1]?.toLowerCase() ?? 'other';
}
