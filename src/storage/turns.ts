import { timeoutError } from './storage-error.ts';

/** What uses the one connection to a libSQL file, one after the other, in the order in which it came. */
export type Turns = {
  /** Whether something has the turn: a transaction, or a statement that waited for one. */
  isBusy(): boolean;
  /**
   * Waits for a turn; the function that it returns ends it.
   * @param ms at most; without it, as long as those before need
   * @throws {StorageError} ETIMEDOUT
   */
  enter(ms?: number): Promise<() => void>;
};

export function createTurns(): Turns {
  let busy = false;
  const waiting: (() => void)[] = [];

  function wait(ms: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(start), 1);
        reject(timeoutError());
      };
      const timer = ms === undefined ? undefined : setTimeout(giveUp, Math.max(0, ms));
      const start = () => {
        clearTimeout(timer);
        resolve();
      };
      waiting.push(start);
    });
  }

  /** It stays busy while the turn is handed over. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else busy = false;
  }

  return {
    isBusy: () => busy,
    async enter(ms) {
      if (busy) await wait(ms);
      busy = true;
      return leave;
    },
  };
}
