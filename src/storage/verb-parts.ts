import { and, type Column, eq, or, type SQL } from 'drizzle-orm';

/** The names of the columns of the primary key. */
export function keyNames(
  columns: Record<string, Column>,
  keysOfSeveral: readonly { columns: readonly Column[] }[],
): string[] {
  const names = new Set(keysOfSeveral.flatMap((key) => key.columns.map(({ name }) => name)));
  return Object.entries(columns)
    .filter(([, { primary, name }]) => primary || names.has(name))
    .map(([name]) => name);
}

/** Matches rows by their primary keys. */
export function keyCondition(
  columns: Record<string, Column>,
  primaryKey: readonly string[],
  rows: readonly Record<string, unknown>[],
): SQL | undefined {
  const ofRow = (row: Record<string, unknown>) =>
    Object.entries(columns)
      .filter(([name]) => primaryKey.includes(name))
      .map(([name, column]) => eq(column, row[name]));
  return or(...rows.map((row) => and(...ofRow(row))));
}

export function ordersOf(orderBy: SQL | readonly SQL[] = []): SQL[] {
  return [orderBy].flat();
}

/** Drizzle's own transaction would use several connections, or leave the write when it fails. */
export async function refuseTransaction(): Promise<never> {
  throw new Error("Drizzle's transaction and batch cannot be used here: use database.transaction");
}

/** Empty if the statement returns none. */
export function rowsOf(result: unknown): unknown[][] {
  return Array.isArray(result) ? result.filter((row) => Array.isArray(row)) : [];
}
