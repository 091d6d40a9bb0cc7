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

  const byId = batches.find;

  async function find(where: SQL | undefined): Promise<User[]> {
    return withRetry(() => statements.find(where));
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
      return { user: stored, isNewUser: stored.id === id };
    },

    async byOpenId(appId, openId) {
      const [user] = await find(and(eq(columns.appId, appId), eq(columns.openId, openId)));
      return user ?? null;
    },

    async byUnionIds(unionIds) {
      const users = await find(inArray(columns.unionId, [...unionIds]));
      return users.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    },

    byIdOrOpenId: (idOrOpenId) => find(or(eq(columns.id, idOrOpenId), eq(columns.openId, idOrOpenId))),

    async page(page) {
      const order = page.descending ? desc(columns.id) : asc(columns.id);
      return withRetry(() => statements.page(pageCondition(columns, page), order, page.limit));
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
      const [row] = await withRetry(() => statements.sessionKeys(eq(columns.id, id)));
      return row ? cipher.decrypt(row.sessionKey, ownerOf(row)) : null;
    },
  };
}

const PROFILE_FIELDS = [
  ...['nickName', 'avatarUrl', 'gender', 'country', 'province', 'city', 'language'],
] as const satisfies readonly (keyof Profile)[];

function ownerOf({ appId, openId }: Pick<UserRow, 'appId' | 'openId'>) {
  return `${appId}/${openId}`;
}
