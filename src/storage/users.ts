import { and, type Column, eq, type SQL } from 'drizzle-orm';
import { uuidv7 } from 'uuidv7';
import { persistently } from './failures.ts';
import type { user as table } from './mysql.schema.ts';
import type { SessionKeyCipher } from './session-key.ts';

/** A row of the `user` table. MySQL is the reference; sqlite.ts compiles only while its table agrees. */
export type UserRow = typeof table.$inferSelect;

/** A person in one mini program, without the session_key: nothing that a resolver holds can print it. */
export type User = Omit<UserRow, 'sessionKey'>;

/** What a person tells about themself. An absent field is left as it is, null erases. */
export type Profile = Partial<
  Pick<UserRow, 'nickName' | 'avatarUrl' | 'gender' | 'country' | 'province' | 'city' | 'language'>
>;

/** A person as WeChat names them. */
export type Identity = { appId: string; openId: string; unionId?: string | undefined; sessionKey: string };

export type Users = {
  /**
   * Makes the person's row at the first login and renews it at every other: session_key, last login, unionid
   * once it is known, the given profile fields. Race-free; `isNewUser` is true once per person.
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
  columns: Record<'id' | 'appId' | 'openId' | 'tokenVersion', Column>;
  find(where: SQL | undefined): PromiseLike<UserRow[]>;
  update(where: SQL | undefined, values: Partial<UserRow>): PromiseLike<unknown>;
  /** Inserts the row, or sets these values on the row that has its (appId, openId). */
  upsert(row: UserRow, values: Partial<UserRow>): PromiseLike<unknown>;
};

export const createUsers = (
  statements: UserStatements,
  cipher: SessionKeyCipher,
  now: () => Date = () => new Date(),
): Users => {
  const { columns } = statements;

  const find = async (where: SQL | undefined): Promise<UserRow | null> => {
    const [row] = await persistently(() => statements.find(where));
    return row ?? null;
  };

  return {
    async enrol({ appId, openId, unionId, sessionKey }, profile) {
      const id = uuidv7();
      const at = now();
      const renewed = {
        ...profile,
        ...(unionId === undefined ? {} : { unionId }),
        sessionKey: cipher.seal(sessionKey, owner({ appId, openId })),
        updatedAt: at,
        lastLoginAt: at,
      };
      const row = { ...BLANK, id, appId, openId, createdAt: at, ...renewed };
      await persistently(() => statements.upsert(row, renewed));
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

    async revokeTokens(id, tokenVersion) {
      const where = and(eq(columns.id, id), eq(columns.tokenVersion, tokenVersion));
      await persistently(() =>
        statements.update(where, { tokenVersion: tokenVersion + 1, updatedAt: now() }),
      );
    },

    async sessionKey(id) {
      const row = await find(eq(columns.id, id));
      return row && cipher.open(row.sessionKey, owner(row));
    },
  };
};

const BLANK = {
  unionId: null,
  nickName: null,
  avatarUrl: null,
  gender: null,
  country: null,
  province: null,
  city: null,
  language: null,
  role: 'USER',
  tokenVersion: 0,
} as const;

const owner = ({ appId, openId }: Pick<UserRow, 'appId' | 'openId'>) => `${appId}/${openId}`;

const withoutSessionKey = ({ sessionKey: _, ...user }: UserRow): User => user;
