import { and, type Column, eq, type SQL } from 'drizzle-orm';
import { uuidv7 } from 'uuidv7';
import { persistently, StorageError } from './failures.ts';
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

/** `number` is E.164; `countryCode` is its beginning without the plus. */
export type Phone = { number: string; countryCode: string };

export type Users = {
  /**
   * Makes the person's row at the first login and renews it at every other: session_key, last login, unionid
   * once it is known, the given profile fields. Race-free; `isNewUser` is true once per person.
   * @throws {StorageError}
   */
  enrol(identity: Identity, profile: Profile): Promise<{ user: User; isNewUser: boolean }>;
  /** @throws {StorageError} */
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
  columns: Record<'id' | 'appId' | 'openId' | 'unionId' | 'tokenVersion', Column>;
  find(where: SQL | undefined): PromiseLike<UserRow[]>;
  update(where: SQL | undefined, values: Partial<UserRow>): PromiseLike<unknown>;
  remove(where: SQL | undefined): PromiseLike<unknown>;
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
      return row && withoutSessionKey(row);
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
  phoneNumber: null,
  phoneCountryCode: null,
  role: 'USER',
  tokenVersion: 0,
} as const;

const owner = ({ appId, openId }: Pick<UserRow, 'appId' | 'openId'>) => `${appId}/${openId}`;

const withoutSessionKey = ({ sessionKey: _, ...user }: UserRow): User => user;
