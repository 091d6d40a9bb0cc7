import { index, integer, sqliteTable, text, unique } from 'drizzle-orm/sqlite-core';

/** A UTC time, stored as milliseconds since 1970. */
function moment(name: string) {
  return integer(name, { mode: 'timestamp_ms' });
}

/** A user of one mini program, with the columns of mysql.schema.ts. */
export const user = sqliteTable(
  'user',
  {
    id: text('id').primaryKey(),
    appId: text('app_id').notNull(),
    openId: text('open_id').notNull(),
    unionId: text('union_id'),
    sessionKey: text('session_key').notNull(),
    nickName: text('nick_name'),
    avatarUrl: text('avatar_url'),
    gender: integer('gender'),
    country: text('country'),
    province: text('province'),
    city: text('city'),
    language: text('language'),
    phoneNumber: text('phone_number'),
    phoneCountryCode: text('phone_country_code'),
    role: text('role').$type<'USER' | 'ADMIN'>().notNull(),
    tokenVersion: integer('token_version').notNull(),
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
export const userTombstone = sqliteTable('user_tombstone', {
  id: text('id').primaryKey(),
  disabledAt: moment('disabled_at').notNull(),
});
