import { type Column, type SQL, sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { BatchStatements, Enrolment } from './user-batches.ts';
import { decodeUser, type RawRow, type TimeCodec } from './user-row.ts';
import type { NewRow, UserStatements } from './user-statements.ts';
import type { ReadRole, User, UserRow } from './user-types.ts';

type Columns = UserStatements['columns'];
type Query = { toSQL(): { sql: string } };
type Param = string | number | null;

/** What differs between the dialects. */
export type BatchDialect = {
  columns: Columns;
  times: TimeCodec;
  readRole: ReadRole;
  selectByIds(ids: string[]): Query;
  selectByOpenIds(openIds: string[]): Query;
  /** Inserts the rows; `changes` is for rows with the same (appId, openId). */
  upsert(rows: NewRow[], changes: { [Name in keyof UserRow]?: SQL }): Query;
  /** The value that a row of the statement would have inserted. */
  inserted(column: Column): SQL;
  tombstone(ids: string[]): SQL;
  /** Runs a prepared statement. */
  run(sql: string, params: readonly Param[]): Promise<readonly RawRow[]>;
  refusal?: BatchStatements['refusal'];
};

/** Profiles have different fields, so an attacker could make thousands of texts. */
const MAX_TEXTS = 100;

/** Drizzle writes each text once. */
export function createBatchStatements(dialect: BatchDialect): BatchStatements {
  const { columns, times, readRole, run } = dialect;
  const texts = new LRUCache<string, string>({ max: MAX_TEXTS });

  function textOf(key: string, build: () => Query): string {
    const text = texts.get(key) ?? build().toSQL().sql;
    texts.set(key, text);
    return text;
  }

  async function find(text: string, params: readonly Param[]): Promise<User[]> {
    return (await run(text, params)).map((row) => decodeUser(row, times, readRole));
  }

  function upsertText(rows: number, { changes, tombstoneIds }: Enrolment): string {
    return textOf(`enrol ${rows} ${tombstoneIds.length} ${changes.join()}`, () => {
      const row = {
        ...EXAMPLE,
        ...NOT_GIVEN,
        ...Object.fromEntries(changes.map((name) => [name, EXAMPLE[name]])),
        disabledAt: dialect.tombstone([...tombstoneIds]),
      };
      return dialect.upsert(
        Array.from({ length: rows }, () => row),
        changesOf(dialect, ['sessionKey', 'unionId', 'updatedAt', 'lastLoginAt', ...changes]),
      );
    });
  }

  return {
    ...(dialect.refusal ? { refusal: dialect.refusal } : {}),
    findByIds: (ids) =>
      find(
        textOf(`ids ${ids.length}`, () => dialect.selectByIds([...ids])),
        ids,
      ),
    findByOpenIds: (appId, openIds) =>
      find(
        textOf(`openids ${openIds.length}`, () => dialect.selectByOpenIds([...openIds])),
        [appId, ...openIds],
      ),
    async enrol(enrolments) {
      const [first] = enrolments;
      if (!first) return;
      const names = givenNames(columns, first.changes);
      await run(
        upsertText(enrolments.length, first),
        enrolments.flatMap((enrolment) => paramsOf(enrolment, names, times)),
      );
    },
  };
}

/** Only the text of a statement is made of it. */
const EXAMPLE: Omit<UserRow, 'disabledAt'> = {
  ...{ id: '', appId: '', openId: '', unionId: null, sessionKey: '', nickName: null, avatarUrl: null },
  ...{ gender: null, country: null, province: null, city: null, language: null },
  ...{ phoneNumber: null, phoneCountryCode: null, role: 'USER', tokenVersion: 0 },
  ...{ createdAt: new Date(0), updatedAt: new Date(0), lastLoginAt: new Date(0) },
};

/** The values of a new row unless the login gives others: in the text, because each parameter costs time. */
const NOT_GIVEN = {
  ...{ nickName: sql`null`, avatarUrl: sql`null`, gender: sql`null` },
  ...{ country: sql`null`, province: sql`null`, city: sql`null`, language: sql`null` },
  ...{ phoneNumber: sql`null`, phoneCountryCode: sql`null`, role: sql`'USER'`, tokenVersion: sql`0` },
};

/** The columns that have a parameter, in the order of the table. */
function givenNames(columns: Columns, changes: Enrolment['changes']): (keyof typeof EXAMPLE)[] {
  return Object.keys(columns)
    .filter((name) => isInserted(name))
    .filter((name) => !Object.hasOwn(NOT_GIVEN, name) || changes.some((change) => change === name));
}

/** disabledAt is the last column of the table. */
function paramsOf(
  { row, tombstoneIds }: Enrolment,
  names: readonly (keyof typeof EXAMPLE)[],
  { encode }: TimeCodec,
): Param[] {
  const params: Param[] = [];
  for (const name of names) {
    const value = row[name];
    params.push(value instanceof Date ? encode(value) : value);
  }
  params.push(...tombstoneIds);
  return params;
}

function isInserted(name: string): name is keyof typeof EXAMPLE {
  return Object.hasOwn(EXAMPLE, name);
}

/** The row of a disabled user is left unchanged; a missing unionid does not erase one. */
function changesOf(
  { columns, inserted }: BatchDialect,
  names: readonly (keyof UserRow)[],
): { [Name in keyof UserRow]?: SQL } {
  const { disabledAt, unionId } = columns;
  const entries = names.map((name) => {
    const column = columns[name];
    const value = column === unionId ? sql`coalesce(${inserted(column)}, ${column})` : inserted(column);
    return [name, sql`case when ${disabledAt} is null then ${value} else ${column} end`];
  });
  return Object.fromEntries(entries);
}
