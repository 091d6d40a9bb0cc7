import { and, asc, desc, eq, inArray, or, type SQL, sql } from 'drizzle-orm';
import { uuidv7 } from 'uuidv7';
import type { Clock } from '../common/clock.ts';
import { withRetry } from './retry.ts';
import type { SessionKeyCipher } from './session-key.ts';
import { StorageError } from './storage-error.ts';
import type { TombstoneIds } from './tombstones.ts';
import { createUserBatches } from './user-batches.ts';
import { disabledCondition, filterCondition, pageCondition, type UserStatements } from './user-statements.ts';
import type { Profile, User, UserRow, Users } from './user-types.ts';

export type UsersOptions = { cipher: SessionKeyCipher; tombstoneIds: TombstoneIds; now: Clock };

export function createUsers(statements: UserStatements, { cipher, tombstoneIds, now }: UsersOptions): Users {
  const { columns, tombstones } = statements;
  const batches = createUserBatches(statements.batches);

  async function findRows(where: SQL | undefined): Promise<UserRow[]> {
    return withRetry(() => statements.find(where));
  }

  async function findRow(where: SQL | undefined): Promise<UserRow | null> {
    const [row] = await findRows(where);
    return row ?? null;
  }

  async function byId(id: string): Promise<User | null> {
    const row = await batches.find(id);
    return row && withoutSessionKey(row);
  }

  function byOpenId(appId: string, openId: string): Promise<UserRow | null> {
    return findRow(and(eq(columns.appId, appId), eq(columns.openId, openId)));
  }

  /** So that the user is not disabled again after the next erasure. */
  async function removeTombstones(id: string): Promise<void> {
    const user = await byId(id);
    if (user) await withRetry(() => tombstones.remove(tombstoneIds.all(user.appId, user.openId)));
  }

  return {
    newId: uuidv7,
    byId,

    async enrol({ appId, openId, unionId, sessionKey, newId: id = uuidv7() }, profile) {
      const at = new Date(now());
      const row = {
        id,
        appId,
        openId,
        unionId: unionId ?? null,
        sessionKey: cipher.encrypt(sessionKey, ownerOf({ appId, openId })),
        nickName: profile.nickName ?? null,
        avatarUrl: profile.avatarUrl ?? null,
        gender: profile.gender ?? null,
        country: profile.country ?? null,
        province: profile.province ?? null,
        city: profile.city ?? null,
        language: profile.language ?? null,
        phoneNumber: null,
        phoneCountryCode: null,
        role: 'USER' as const,
        tokenVersion: 0,
        createdAt: at,
        updatedAt: at,
        lastLoginAt: at,
      };
      const stored = await batches.enrol({
        row,
        changes: PROFILE_FIELDS.filter((name) => profile[name] !== undefined),
        tombstoneIds: tombstoneIds.all(appId, openId),
      });
      if (!stored) throw new Error('the user was deleted during the login');
      return { user: withoutSessionKey(stored), isNewUser: stored.id === id };
    },

    async byOpenId(appId, openId) {
      const row = await byOpenId(appId, openId);
      return row && withoutSessionKey(row);
    },

    async byUnionIds(unionIds) {
      const rows = await findRows(inArray(columns.unionId, [...unionIds]));
      return rows.map(withoutSessionKey).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    },

    async byIdOrOpenId(idOrOpenId) {
      const rows = await findRows(or(eq(columns.id, idOrOpenId), eq(columns.openId, idOrOpenId)));
      return rows.map(withoutSessionKey);
    },

    async page(page) {
      const order = page.descending ? desc(columns.id) : asc(columns.id);
      const rows = await withRetry(() => statements.page(pageCondition(columns, page), order, page.limit));
      return rows.map(withoutSessionKey);
    },

    async count(filter) {
      const [row] = await withRetry(() => statements.count(filterCondition(columns, filter)));
      return row?.total ?? 0;
    },

    async updateProfile(id, profile) {
      const values = { ...profile, updatedAt: new Date(now()) };
      await withRetry(() => statements.update(eq(columns.id, id), values));
      return byId(id);
    },

    async setPhone(id, phone) {
      const values = {
        phoneNumber: phone?.number ?? null,
        phoneCountryCode: phone?.countryCode ?? null,
        updatedAt: new Date(now()),
      };
      try {
        await withRetry(() => statements.update(eq(columns.id, id), values));
      } catch (error) {
        if (error instanceof StorageError && error.failure === 'DUPLICATE') return 'PHONE_IN_USE';
        throw error;
      }
      return byId(id);
    },

    async setRole(id, role) {
      const values = { role, updatedAt: new Date(now()) };
      await withRetry(() => statements.update(eq(columns.id, id), values));
      return byId(id);
    },

    async setDisabled(id, disabled) {
      const at = new Date(now());
      const values = disabled
        ? { disabledAt: at, updatedAt: at, tokenVersion: sql`${columns.tokenVersion} + 1` }
        : { disabledAt: null, updatedAt: at };
      if (!disabled) await removeTombstones(id);
      const where = and(eq(columns.id, id), disabledCondition(columns, !disabled));
      await withRetry(() => statements.update(where, values));
      return byId(id);
    },

    async revokeTokens(id, tokenVersion) {
      const where = and(eq(columns.id, id), eq(columns.tokenVersion, tokenVersion));
      const values = { tokenVersion: tokenVersion + 1, updatedAt: new Date(now()) };
      await withRetry(() => statements.update(where, values));
    },

    async erase({ id, appId, openId, disabledAt }) {
      if (disabledAt) await withRetry(() => tombstones.save(tombstoneIds.current(appId, openId), disabledAt));
      await withRetry(() => statements.remove(eq(columns.id, id)));
    },

    async sessionKey(id) {
      const row = await findRow(eq(columns.id, id));
      return row && cipher.decrypt(row.sessionKey, ownerOf(row));
    },
  };
}

const PROFILE_FIELDS = [
  ...['nickName', 'avatarUrl', 'gender', 'country', 'province', 'city', 'language'],
] as const satisfies readonly (keyof Profile)[];

function ownerOf({ appId, openId }: Pick<UserRow, 'appId' | 'openId'>) {
  return `${appId}/${openId}`;
}

function withoutSessionKey({ sessionKey: _, ...user }: UserRow): User {
  return user;
}
