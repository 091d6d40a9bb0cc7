import { customType, datetime } from 'drizzle-orm/mysql-core';

/** An opaque identifier or an enum value. Case-sensitive: `oAbc` and `oABC` are different users. */
export const ascii = customType<{ data: string; config: { length: number }; configRequired: true }>({
  dataType: ({ length }) => `varchar(${length}) character set ascii collate ascii_bin`,
});

/** Unicode text, whatever the character set of the database; the length is in code points. */
export const text = customType<{ data: string; config: { length: number }; configRequired: true }>({
  dataType: ({ length }) => `varchar(${length}) character set utf8mb4 collate utf8mb4_unicode_ci`,
});

/** A UTC time in milliseconds, written by the application: NOW() depends on the time zone of the server. */
export function moment(name: string) {
  return datetime(name, { mode: 'date', fsp: 3 });
}

/** The id of a user, with the type and collation of `user.id`. Without a foreign key: Vitess has none across shards. */
export function userId(name: string) {
  return ascii(name, { length: 36 });
}
