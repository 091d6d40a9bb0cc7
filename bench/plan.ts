import type { DatabaseKind } from './database.ts';
import type { Operation } from './load.ts';
import type { Options } from './options.ts';

/** What is measured of each server in a round. */
export type Cell = {
  database: DatabaseKind;
  operation: Operation;
  concurrency: number;
  /** Milliseconds that WeChat takes; 0 unless the operation is `login`. */
  delayMs: number;
};

/** The concurrency of the figures that are quoted. */
export const MAIN_CONCURRENCY = 64;

export function planCells({ databases, operations, concurrencies, delays }: Options): Cell[] {
  return databases.flatMap((database) =>
    operations.flatMap((operation) =>
      delaysOf(operation, database, delays).flatMap((delayMs) =>
        concurrencies
          .map((concurrency) => ({ database, operation, concurrency, delayMs }))
          .filter(isInformative),
      ),
    ),
  );
}

/** One connection that waits for a slow WeChat measures the wait. */
function isInformative({ concurrency, delayMs }: Cell): boolean {
  return concurrency > 1 || delayMs === 0;
}

/** How long WeChat takes has nothing to do with the kind of database: libSQL is measured with the first delay. */
function delaysOf(
  operation: Operation,
  database: DatabaseKind,
  delays: readonly number[],
): readonly number[] {
  if (operation !== 'login') return [0];
  return database === 'mariadb' ? delays : delays.slice(0, 1);
}

/** The quoted cells are measured in each round, the others in every second one. */
export function isMeasured(cell: Cell, round: number): boolean {
  return isMain(cell) || round % 2 === 0;
}

export function isMain({ concurrency, delayMs }: Cell): boolean {
  return concurrency === MAIN_CONCURRENCY && delayMs === 0;
}

export function sameCell(a: Cell, b: Cell): boolean {
  return (
    a.database === b.database &&
    a.operation === b.operation &&
    a.concurrency === b.concurrency &&
    a.delayMs === b.delayMs
  );
}
