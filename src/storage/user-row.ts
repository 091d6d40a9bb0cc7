import type { UserRow } from './user-types.ts';

/** How a database represents times. */
export type TimeCodec = { encode(time: Date): string | number; decode(value: unknown): Date };

/** A row as the driver returns it, in the order of the table. */
export type RawRow = readonly unknown[];

/**
 * The row of an array of values. Written out, because it runs for every request: Drizzle's generic mapping takes ten
 * times as long.
 * @param values in the order of the columns of the table
 */
export function decodeUser(values: RawRow, { decode }: TimeCodec): UserRow {
  const disabledAt = values[19];
  return {
    id: toText(values[0]),
    appId: toText(values[1]),
    openId: toText(values[2]),
    unionId: toNullableText(values[3]),
    sessionKey: toText(values[4]),
    nickName: toNullableText(values[5]),
    avatarUrl: toNullableText(values[6]),
    gender: typeof values[7] === 'number' ? values[7] : null,
    country: toNullableText(values[8]),
    province: toNullableText(values[9]),
    city: toNullableText(values[10]),
    language: toNullableText(values[11]),
    phoneNumber: toNullableText(values[12]),
    phoneCountryCode: toNullableText(values[13]),
    role: values[14] === 'ADMIN' ? 'ADMIN' : 'USER',
    tokenVersion: Number(values[15]),
    createdAt: decode(values[16]),
    updatedAt: decode(values[17]),
    lastLoginAt: decode(values[18]),
    disabledAt: disabledAt === null ? null : decode(disabledAt),
  };
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

function toNullableText(value: unknown): string | null {
  return value === null ? null : toText(value);
}
