import { integer, text as sqliteText } from 'drizzle-orm/sqlite-core';

/** For MySQL only: SQLite has no limit. */
type Length = { length: number };

/** An opaque identifier or an enum value. Case-sensitive. */
export function ascii(name: string, _length: Length) {
  return sqliteText(name);
}

/** Unicode text. */
export function text(name: string, _length: Length) {
  return sqliteText(name);
}

/** A UTC time, stored as milliseconds since 1970. */
export function moment(name: string) {
  return integer(name, { mode: 'timestamp_ms' });
}

/** The id of a user, without a foreign key. */
export function userId(name: string) {
  return sqliteText(name);
}
