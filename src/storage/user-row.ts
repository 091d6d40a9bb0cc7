import type { ReadRole, Role, User } from './user-types.ts';

/** How a database represents times. */
export type TimeCodec = { encode(time: Date): string | number; decode(value: unknown): Date };

/** A row as the driver returns it: the columns of a User in the order of the table. */
export type RawRow = readonly unknown[];

/**
 * The row of an array of values. Written out, because it runs for every request: Drizzle's generic mapping takes ten
 * times as long.
 */
export function decodeUser(values: RawRow, { decode }: TimeCodec, readRole: ReadRole): User {
  const disabledAt = values[18];
  return {
    id: String(values[0]),
    appId: String(values[1]),
    openId: String(values[2]),
    unionId: toNullableText(values[3]),
    nickName: toNullableText(values[4]),
    avatarUrl: toNullableText(values[5]),
    gender: typeof values[6] === 'number' ? values[6] : null,
    country: toNullableText(values[7]),
    province: toNullableText(values[8]),
    city: toNullableText(values[9]),
    language: toNullableText(values[10]),
    phoneNumber: toNullableText(values[11]),
    phoneCountryCode: toNullableText(values[12]),
    role: readRole(String(values[13])),
    tokenVersion: Number(values[14]),
    createdAt: decode(values[15]),
    updatedAt: decode(values[16]),
    lastLoginAt: decode(values[17]),
    disabledAt: disabledAt === null ? null : decode(disabledAt),
  };
}

/** Rows that Drizzle has mapped, with roles that exist. */
export async function withReadRoles(rows: PromiseLike<User[]>, readRole: ReadRole): Promise<User[]> {
  const users = await rows;
  for (const user of users) user.role = readRole(user.role);
  return users;
}

/** The roles without any module. */
export function readBuiltInRole(stored: string): Role {
  return stored === 'ADMIN' ? 'ADMIN' : 'USER';
}

function toNullableText(value: unknown): string | null {
  return value === null ? null : String(value);
}
