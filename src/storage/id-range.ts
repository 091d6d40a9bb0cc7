import { and, type Column, gt, lt, type SQL } from 'drizzle-orm';

/** Ids of rows; an absent bound is not checked. */
export type IdRange = { after?: string | undefined; before?: string | undefined };

/** The condition that an id is within a range, without its bounds; undefined if the range has none. */
export function inRange(id: Column, { after, before }: IdRange): SQL | undefined {
  return and(
    after === undefined ? undefined : gt(id, after),
    before === undefined ? undefined : lt(id, before),
  );
}
