import { bigint, index, int, mysqlTable, tinyint, unique } from 'drizzle-orm/mysql-core';
import { ascii, moment, text } from './mysql.columns.ts';
import type { Role } from './user-types.ts';

/** A user of one mini program. sqlite.schema.ts has the same columns; the compiler compares the two. */
export const user = mysqlTable(
  'user',
  {
    id: ascii('id', { length: 36 }).primaryKey(),
    appId: ascii('app_id', { length: 64 }).notNull(),
    openId: ascii('open_id', { length: 64 }).notNull(),
    unionId: ascii('union_id', { length: 64 }),
    sessionKey: ascii('session_key', { length: 255 }).notNull(),
    nickName: text('nick_name', { length: 64 }),
    avatarUrl: text('avatar_url', { length: 1024 }),
    gender: tinyint('gender'),
    country: text('country', { length: 64 }),
    province: text('province', { length: 64 }),
    city: text('city', { length: 64 }),
    language: text('language', { length: 64 }),
    /** E.164, such as +8613800000000; the country code is its beginning, without the plus. */
    phoneNumber: ascii('phone_number', { length: 20 }),
    phoneCountryCode: ascii('phone_country_code', { length: 4 }),
    role: ascii('role', { length: 16 }).$type<Role>().notNull(),
    tokenVersion: int('token_version').notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    lastLoginAt: moment('last_login_at').notNull(),
    disabledAt: moment('disabled_at'),
  },
  (table) => [
    unique('user_app_id_open_id').on(table.appId, table.openId),
    unique('user_app_id_phone_number').on(table.appId, table.phoneNumber),
    index('user_union_id').on(table.unionId),
    index('user_phone_number').on(table.phoneNumber),
  ],
);

/** A disabled user whose data was erased at the request of WeChat: see tombstones.ts. */
export const userTombstone = mysqlTable('user_tombstone', {
  id: ascii('id', { length: 64 }).primaryKey(),
  disabledAt: moment('disabled_at').notNull(),
});

/** Rate-limit counters shared by replicas, with the columns that rate-limiter-flexible expects, in its order. */
export const rateLimit = mysqlTable('rate_limit', {
  key: ascii('key', { length: 255 }).primaryKey(),
  points: int('points').notNull(),
  /** Milliseconds since 1970. */
  expire: bigint('expire', { mode: 'number', unsigned: true }),
});
