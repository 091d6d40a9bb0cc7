/** The roles of users. Open: a team adds its own by declaration merging. */
export interface Roles {
  USER: true;
  ADMIN: true;
}

export type Role = keyof Roles;

/** Reads a stored role: one that nobody declares any more is returned as USER. */
export type ReadRole = (stored: string) => Role;

/** A user of one mini program, without the session_key, so that no resolver can reveal it. */
export interface User {
  id: string;
  appId: string;
  openId: string;
  unionId: string | null;
  nickName: string | null;
  avatarUrl: string | null;
  gender: number | null;
  country: string | null;
  province: string | null;
  city: string | null;
  language: string | null;
  /** E.164, such as +8613800000000; the country code is its beginning, without the plus. */
  phoneNumber: string | null;
  phoneCountryCode: string | null;
  role: Role;
  createdAt: Date;
  updatedAt: Date;
  lastLoginAt: Date;
  /** Null unless an administrator disabled the user. */
  disabledAt: Date | null;
}

/** @internal */
export interface User {
  tokenVersion: number;
}

/**
 * A row of the `user` table. The adapters compile only if their tables have these columns.
 * @internal
 */
export type UserRow = User & { sessionKey: string };

/** Display data. An absent field is left unchanged, null erases. */
export type Profile = Partial<
  Pick<User, 'nickName' | 'avatarUrl' | 'gender' | 'country' | 'province' | 'city' | 'language'>
>;

/** A user as identified by WeChat. */
export type Identity = {
  appId: string;
  openId: string;
  unionId?: string | undefined;
  sessionKey: string;
  /** The id for a new row. A retry with the same id also reports `isNewUser`. */
  newId?: string | undefined;
};

/** `number` is E.164; `countryCode` is its beginning, without the plus. */
export type Phone = { number: string; countryCode: string };

/** Conditions that all must hold; an absent one is not checked. */
export type UserFilter = {
  appId?: string | undefined;
  role?: Role | undefined;
  disabled?: boolean | undefined;
  /** E.164, exact. */
  phoneNumber?: string | undefined;
  /** An id, openid or unionid, or the beginning of a nickname. */
  search?: string | undefined;
};

/** A page of the list of users, ordered by id: oldest first. */
export type Page = {
  /** Users with a greater id than this one. */
  after?: string | undefined;
  /** Users with a smaller id than this one. */
  before?: string | undefined;
  limit: number;
  /** From the newest backwards. */
  descending?: boolean | undefined;
  filter?: UserFilter | undefined;
};

/** The users of all mini programs. Every method rejects with StorageError only. */
export interface Users {
  /** Generates an id for a new row: a UUIDv7. */
  newId(): string;
  /** Exact match: MySQL ignores trailing spaces. */
  byId(id: string): Promise<User | null>;
  byOpenId(appId: string, openId: string): Promise<User | null>;
  /** The users with one of these unionids in all mini programs, oldest first. One statement. */
  byUnionIds(unionIds: readonly string[]): Promise<User[]>;
  /** Costs the same for every page, unless few users match a filter without an index: by role or state. */
  page(page: Page): Promise<User[]>;
  /** Reads all users that the filter matches, and all users if it has no index. */
  count(filter: UserFilter): Promise<number>;
}

/**
 * What only the core may do.
 * @internal
 */
export interface Users {
  /**
   * Inserts the user at the first login; updates session_key, last login, unionid (if given) and the given profile
   * fields at every other. Concurrent first logins create one row, and one of them gets `isNewUser`. The row of a
   * disabled user is left unchanged.
   */
  enrol(identity: Identity, profile: Profile): Promise<{ user: User; isNewUser: boolean }>;
  /** The users with this id or openid in any mini program. */
  byIdOrOpenId(idOrOpenId: string): Promise<User[]>;
  /** Null if there is no such user. */
  updateProfile(id: string, profile: Profile): Promise<User | null>;
  /**
   * Sets the phone number; null erases it. The unique key decides between concurrent calls: PHONE_IN_USE if another
   * user of the mini program has the number. Null if there is no such user.
   */
  setPhone(id: string, phone: Phone | null): Promise<User | 'PHONE_IN_USE' | null>;
  /** Null if there is no such user. */
  setRole(id: string, role: Role): Promise<User | null>;
  /** Disabling also revokes the user's tokens for good. Null if there is no such user. */
  setDisabled(id: string, disabled: boolean): Promise<User | null>;
  /** Revokes the tokens of this version; newer ones stay valid. Idempotent. */
  revokeTokens(id: string, tokenVersion: number): Promise<void>;
  /**
   * Deletes the user, which revokes all tokens. Of a disabled user a keyed hash and the time remain, so that the next
   * login is disabled too.
   */
  erase(user: User): Promise<void>;
  /** The session_key of the last login; null if there is no such user or it cannot be decrypted. */
  sessionKey(id: string): Promise<string | null>;
}
