import { and, asc, type Column, desc, eq, gt, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { uuidv7 } from 'uuidv7';
import type { user as table } from './mysql.schema.ts';
import type { SessionKeyCipher } from './session-key.ts';
import { persistently, StorageError } from './storage-error.ts';

/** A row of the `user` table. MySQL is the reference; sqlite.ts compiles only while its table agrees. */
export type UserRow = typeof table.$inferSelect;

/** A person in one mini program, without the session_key: nothing that a resolver holds can print it. */
export type User = Omit<UserRow, 'sessionKey'>;

/** What a person tells about themself. An absent field is left as it is, null erases. */
export type Profile = Partial<
  Pick<UserRow, 'nickName' | 'avatarUrl' | 'gender' | 'country' | 'province' | 'city' | 'language'>
>;

/** A person as WeChat names them. */
export type Identity = {
  appId: string;
  openId: string;
  unionId?: string | undefined;
  sessionKey: string;
  /** The id that a new row gets. Who tries again with the same one learns that the first try had made the row. */
  newId?: string | undefined;
};

/** A stretch of the list of all users, which is in the order of their ids: oldest first. */
export type Page = {
  /** Only users with a greater id than this one. */
  after?: string | undefined;
  /** Only users with a smaller id than this one. */
  before?: string | undefined;
  limit: number;
  /** From the newest back. */
  descending?: boolean | undefined;
  /** Only users whose id, openId or unionId is this, or whose nickName begins so. */
  search?: string | undefined;
};

/** `number` is E.164; `countryCode` is its beginning without the plus. */
export type Phone = { number: string; countryCode: string };

export type Users = {
  /** An id for a new row. */
  newId(): string;
  /**
   * Makes the person's row at the first login and renews it at every other: session_key, last login, unionid
   * once it is known, the given profile fields. Race-free; `isNewUser` is true once per person. The row of a
   * disabled user is left as it is.
   * @throws {StorageError}
   */
  enrol(identity: Identity, profile: Profile): Promise<{ user: User; isNewUser: boolean }>;
  /**
   * The id counts to the byte, though MySQL takes one with a space behind for the same.
   * @throws {StorageError}
   */
  byId(id: string): Promise<User | null>;
  /**
   * Null when there is no such user.
   * @throws {StorageError}
   */
  updateProfile(id: string, profile: Profile): Promise<User | null>;
  /** @throws {StorageError} */
  byOpenId(appId: string, openId: string): Promise<User | null>;
  /**
   * The users of one person in all mini programs of an Open Platform account, the oldest first.
   * @throws {StorageError}
   */
  byUnionId(unionId: string): Promise<User[]>;
  /**
   * Gives the user this number, or takes theirs away. A number that another user of the app has stays theirs:
   * the unique key decides, so that of two at once one gets it. Null when there is no such user.
   * @throws {StorageError}
   */
  setPhone(id: string, phone: Phone | null): Promise<User | 'PHONE_IN_USE' | null>;
  /**
   * Deletes the user, and with it every token.
   * @throws {StorageError}
   */
  remove(id: string): Promise<void>;
  /**
   * Costs the same wherever in the list the page is.
   * @throws {StorageError}
   */
  page(page: Page): Promise<User[]>;
  /**
   * Those who have this id or this openId, in whatever mini program.
   * @throws {StorageError}
   */
  named(idOrOpenId: string): Promise<User[]>;
  /**
   * Null when there is no such user.
   * @throws {StorageError}
   */
  setRole(id: string, role: User['role']): Promise<User | null>;
  /**
   * Disabling also makes the user's tokens void, for good. Null when there is no such user.
   * @throws {StorageError}
   */
  setDisabled(id: string, disabled: boolean): Promise<User | null>;
  /**
   * Makes every token void that bears this version of the user. One that was issued since stays good, and to do it
   * twice is to do it once.
   * @throws {StorageError}
   */
  revokeTokens(id: string, tokenVersion: number): Promise<void>;
  /**
   * The session_key of the last login; null when there is no such user or its secret is gone.
   * @throws {StorageError}
   */
  sessionKey(id: string): Promise<string | null>;
};

/** What Drizzle's builders spell differently in each dialect, in one line each. Every statement is idempotent. */
export type UserStatements = {
  columns: Record<keyof UserRow, Column>;
  find(where: SQL | undefined): PromiseLike<UserRow[]>;
  page(where: SQL | undefined, order: SQL, limit: number): PromiseLike<UserRow[]>;
  update(where: SQL | undefined, values: Changes): PromiseLike<unknown>;
  remove(where: SQL | undefined): PromiseLike<unknown>;
  /** Inserts the row, or sets these values on the row that has its (appId, openId). */
  upsert(row: UserRow, values: Changes): PromiseLike<unknown>;
};

type Changes = { [Name in keyof UserRow]?: UserRow[Name] | SQL };

export function createUsers(
  statements: UserStatements,
  cipher: SessionKeyCipher,
  now: () => Date = () => new Date(),
): Users {
  const { columns } = statements;

  const find = async (where: SQL | undefined): Promise<UserRow | null> => {
    const [row] = await persistently(() => statements.find(where));
    return row ?? null;
  };

  return {
    newId: uuidv7,

    async enrol({ appId, openId, unionId, sessionKey, newId: id = uuidv7() }, profile) {
      const at = now();
      const renewed = {
        ...profile,
        ...(unionId === undefined ? {} : { unionId }),
        sessionKey: cipher.seal(sessionKey, owner({ appId, openId })),
        updatedAt: at,
        lastLoginAt: at,
      };
      const row = { ...BLANK, id, appId, openId, createdAt: at, ...renewed };
      await persistently(() => statements.upsert(row, unlessDisabled(columns, renewed)));
      const stored = await find(and(eq(columns.appId, appId), eq(columns.openId, openId)));
      if (!stored) throw new Error('the user was deleted while logging in');
      return { user: withoutSessionKey(stored), isNewUser: stored.id === id };
    },

    async byId(id) {
      const row = await find(eq(columns.id, id));
      return row?.id === id ? withoutSessionKey(row) : null;
    },

    async updateProfile(id, profile) {
      await persistently(() => statements.update(eq(columns.id, id), { ...profile, updatedAt: now() }));
      return this.byId(id);
    },

    async page({ after, before, limit, descending, search }) {
      const where = and(
        after === undefined ? undefined : gt(columns.id, after),
        before === undefined ? undefined : lt(columns.id, before),
        search === undefined ? undefined : matching(columns, search),
      );
      const order = descending ? desc(columns.id) : asc(columns.id);
      return (await persistently(() => statements.page(where, order, limit))).map(withoutSessionKey);
    },

    async named(idOrOpenId) {
      const where = or(eq(columns.id, idOrOpenId), eq(columns.openId, idOrOpenId));
      return (await persistently(() => statements.find(where))).map(withoutSessionKey);
    },

    async setRole(id, role) {
      await persistently(() => statements.update(eq(columns.id, id), { role, updatedAt: now() }));
      return this.byId(id);
    },

    async setDisabled(id, disabled) {
      const at = now();
      const where = disabled ? isNull(columns.disabledAt) : isNotNull(columns.disabledAt);
      const values = disabled
        ? { disabledAt: at, updatedAt: at, tokenVersion: sql`${columns.tokenVersion} + 1` }
        : { disabledAt: null, updatedAt: at };
      await persistently(() => statements.update(and(eq(columns.id, id), where), values));
      return this.byId(id);
    },

    async revokeTokens(id, tokenVersion) {
      const where = and(eq(columns.id, id), eq(columns.tokenVersion, tokenVersion));
      await persistently(() =>
        statements.update(where, { tokenVersion: tokenVersion + 1, updatedAt: now() }),
      );
    },

    async byOpenId(appId, openId) {
      const row = await find(and(eq(columns.appId, appId), eq(columns.openId, openId)));
      return row && withoutSessionKey(row);
    },

    async byUnionId(unionId) {
      const rows = await persistently(() => statements.find(eq(columns.unionId, unionId)));
      return rows.map(withoutSessionKey).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    },

    async setPhone(id, phone) {
      const values = { phoneNumber: phone?.number ?? null, phoneCountryCode: phone?.countryCode ?? null };
      try {
        await persistently(() => statements.update(eq(columns.id, id), { ...values, updatedAt: now() }));
      } catch (error) {
        if (error instanceof StorageError && error.failure === 'DUPLICATE') return 'PHONE_IN_USE';
        throw error;
      }
      return this.byId(id);
    },

    async remove(id) {
      await persistently(() => statements.remove(eq(columns.id, id)));
    },

    async sessionKey(id) {
      const row = await find(eq(columns.id, id));
      return row && cipher.open(row.sessionKey, owner(row));
    },
  };
}

const BLANK = {
  unionId: null,
  nickName: null,
  avatarUrl: null,
  gender: null,
  country: null,
  province: null,
  city: null,
  language: null,
  phoneNumber: null,
  phoneCountryCode: null,
  role: 'USER',
  tokenVersion: 0,
  disabledAt: null,
} as const;

/** The values as they are to be set on a row that may be disabled: then it keeps its own. */
function unlessDisabled(columns: UserStatements['columns'], values: Partial<UserRow>): Changes {
  const isColumn = (name: string): name is keyof UserRow => Object.hasOwn(columns, name);
  const kept = Object.entries(values).flatMap(([name, value]) => {
    if (!isColumn(name)) return [];
    const given = sql.param(value, columns[name]);
    return [[name, sql`case when ${columns.disabledAt} is null then ${given} else ${columns[name]} end`]];
  });
  return Object.fromEntries(kept);
}

/** Opaque ids count whole; the database compares them as ASCII, so nothing else is put before it. */
function matching(columns: UserStatements['columns'], search: string): SQL | undefined {
  const { id, openId, unionId, nickName } = columns;
  const start = `${search.replace(/[!%_]/g, '!$&')}%`;
  const byName = sql`${nickName} like ${start} escape '!'`;
  return OPAQUE.test(search) ? or(eq(id, search), eq(openId, search), eq(unionId, search), byName) : byName;
}

const OPAQUE = /^[\w-]{16,64}$/;

function owner({ appId, openId }: Pick<UserRow, 'appId' | 'openId'>) {
  return `${appId}/${openId}`;
}

function withoutSessionKey({ sessionKey: _, ...user }: UserRow): User {
  return user;
}
