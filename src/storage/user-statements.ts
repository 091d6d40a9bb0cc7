import { and, type Column, eq, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import { OPAQUE_ID } from '../common/identifiers.ts';
import { inRange } from './id-range.ts';
import type { BatchStatements } from './user-batches.ts';
import type { Page, User, UserFilter, UserRow } from './user-types.ts';

/** The statements that Drizzle's builders spell differently in each dialect. All are idempotent. */
export type UserStatements = {
  columns: Record<keyof UserRow, Column>;
  find(where: SQL | undefined): PromiseLike<User[]>;
  page(where: SQL | undefined, order: SQL, limit: number): PromiseLike<User[]>;
  /** The only statement that reads them. */
  sessionKeys(where: SQL | undefined): PromiseLike<Pick<UserRow, 'appId' | 'openId' | 'sessionKey'>[]>;
  count(where: SQL | undefined): PromiseLike<{ total: number }[]>;
  update(where: SQL | undefined, values: Changes): PromiseLike<unknown>;
  remove(where: SQL | undefined): PromiseLike<unknown>;
  batches: BatchStatements;
  tombstones: {
    save(id: string, disabledAt: Date): PromiseLike<unknown>;
    remove(ids: readonly string[]): PromiseLike<unknown>;
  };
};

export type NewRow = { [Name in keyof UserRow]: UserRow[Name] | SQL };

export type Changes = { [Name in keyof UserRow]?: UserRow[Name] | SQL };

type Columns = UserStatements['columns'];

export function pageCondition(columns: Columns, { filter = {}, ...range }: Page): SQL | undefined {
  return and(inRange(columns.id, range), filterCondition(columns, filter));
}

export function filterCondition(columns: Columns, filter: UserFilter): SQL | undefined {
  const { appId, role, disabled, phoneNumber, search } = filter;
  return and(
    appId === undefined ? undefined : eq(columns.appId, appId),
    role === undefined ? undefined : eq(columns.role, role),
    disabled === undefined ? undefined : disabledCondition(columns, disabled),
    phoneNumber === undefined ? undefined : eq(columns.phoneNumber, phoneNumber),
    search === undefined ? undefined : searchCondition(columns, search),
  );
}

export function disabledCondition({ disabledAt }: Columns, disabled: boolean): SQL {
  return disabled ? isNotNull(disabledAt) : isNull(disabledAt);
}

/** Only text in the form of an id is compared with the id columns, which are ASCII. */
function searchCondition(columns: Columns, search: string): SQL | undefined {
  const { id, openId, unionId, nickName } = columns;
  const prefix = `${search.replace(/[!%_]/g, '!$&')}%`;
  const byName = sql`${nickName} like ${prefix} escape '!'`;
  return OPAQUE_ID.test(search)
    ? or(eq(id, search), eq(openId, search), eq(unionId, search), byName)
    : byName;
}
