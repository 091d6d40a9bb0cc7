import { AsyncLocalStorage } from 'node:async_hooks';

/** A call that can never succeed: the outer database inside a transaction, or `tx` after its end. */
export class TransactionMisuse extends Error {
  override readonly name = 'TransactionMisuse';
}

/** Knows which code runs inside a transaction, across all that it awaits. */
export type TransactionScope = {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** The error for a call that must not be made inside a transaction. */
  refusal(): TransactionMisuse | undefined;
  /** @throws {TransactionMisuse} */
  requireOutside(): void;
};

export function createTransactionScope(): TransactionScope {
  const scopes = new AsyncLocalStorage<{ isRunning: boolean }>();
  let running = 0;

  function refusal(): TransactionMisuse | undefined {
    if (running === 0 || scopes.getStore()?.isRunning !== true) return undefined;
    return new TransactionMisuse(
      'the database was used inside database.transaction: use the `tx` of its work',
    );
  }

  return {
    async run(work) {
      const scope = { isRunning: true };
      running += 1;
      try {
        return await scopes.run(scope, work);
      } finally {
        running -= 1;
        scope.isRunning = false;
      }
    },
    refusal,
    requireOutside() {
      const error = refusal();
      if (error) throw error;
    },
  };
}

/** The misuse that an error is, or wraps as Drizzle's errors do. */
export function misuseIn(error: unknown): TransactionMisuse | undefined {
  const cause = error instanceof Error && !(error instanceof TransactionMisuse) ? error.cause : error;
  return cause instanceof TransactionMisuse ? cause : undefined;
}
