/** A document with the types of its result and variables, such as codegen's TypedDocumentString. */
export interface TypedDocument<Result, Variables> {
  toString(): string;
  __apiType?: (variables: Variables) => Result;
}

/** The interface of wx.request, uni.request and Taro.request. A returned promise is ignored. */
export type Request = (options: {
  url: string;
  method: 'POST';
  data: string;
  header: Record<string, string>;
  /** In milliseconds. */
  timeout: number;
  success: (response: { statusCode: number; data: unknown }) => void;
  fail: (reason: { errMsg: string }) => void;
}) => { abort?(): void };

/** The storage functions of wx, uni and Taro. */
export interface Storage {
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: string): void;
}

/** `res.userInfo` of wx.getUserProfile, unchanged. */
export interface UserInfo {
  nickName?: string;
  avatarUrl?: string;
  gender?: number;
  country?: string;
  province?: string;
  city?: string;
  language?: string;
  is_demote?: boolean | string;
}

export interface Session {
  token: string;
  /** The time when the token expires, by the clock of the server; RFC 3339. */
  expiresAt: string;
  /** After a login: whether it was the first one of this user. Absent after a renewal. */
  isNewUser?: boolean;
  user: { id: string; nickName: string | null; avatarUrl: string | null };
}

export interface ClientOptions {
  /** The GraphQL endpoint, such as https://api.example.com/graphql. */
  url: string;
  /** Sends a request, and calls `success` or `fail`. Default: wx.request. */
  request?: Request;
  /** Returns a new code on every call. Default: the code of wx.login. */
  login?: () => string | Promise<string>;
  /** Stores the session. Default: wx. */
  storage?: Storage;
  /** The AppID of the mini program, if the server has several. */
  appId?: string;
  /** The timeout of one request, and of `login`, in milliseconds. Default: 15,000. */
  timeout?: number;
  /** Called after every login and renewal with the session, after a logout with null. */
  onSession?: (session: Session | null) => void;
  /** Returns the id of a persisted document, which is sent instead of the text; or undefined. */
  documentId?: (text: string) => string | undefined;
  /** Milliseconds since 1970. Default: Date.now. */
  now?: () => number;
}

/** A promise that can be aborted: it then rejects with the code ABORTED. A login it waits for continues. */
export type Task<Result> = Promise<Result> & { abort(): void };

type Arguments<Variables> =
  Record<never, never> extends Variables ? [variables?: Variables] : [variables: Variables];

export interface Client {
  /**
   * Sends a query or mutation with the token of the user. Logs in first if necessary.
   * @throws {RequestError} also if the response has both data and errors: see `data` of the error
   */
  request<Result = unknown>(document: string, variables?: object): Task<Result>;
  request<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    ...variables: Arguments<Variables>
  ): Task<Result>;
  /**
   * Logs in with a new code, even after `logout` or an error with the action STOP.
   * @throws {RequestError}
   */
  login(options?: { userInfo?: UserInfo }): Promise<Session>;
  /**
   * Revokes all tokens of the user and deletes the session on this device, even if the server cannot be reached.
   * Later requests reject with LOGGED_OUT, also after a restart, until `login` is called.
   * @throws {RequestError} if the server did not revoke them
   */
  logout(): Promise<void>;
  /**
   * Returns the session. Logs in or renews the token first if necessary. For requests that the client does not send,
   * such as wx.uploadFile.
   * @param rejected a session with a token that the server rejected: it is not returned again
   * @throws {RequestError}
   */
  ensureSession(rejected?: Session): Promise<Session>;
  /** Sets a profile, which is sent once, with the next login. */
  setUserInfo(userInfo: UserInfo): void;
  /** The current session, without a request; its token may have expired. */
  session(): Session | undefined;
}
