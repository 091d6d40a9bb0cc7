/**
 * A GraphQL client for wx.request, and for whatever has the shape of it, that keeps its user logged in at a
 * weapp-login server. It needs ECMAScript 2018 and nothing else of its surroundings.
 */

/** What a document says of its result and its variables: codegen's TypedDocumentString, or a node that prints itself. */
export interface TypedDocument<Result, Variables> {
  toString(): string;
  __apiType?: (variables: Variables) => Result;
}

/** The shape of wx.request, uni.request and Taro.request (whose promise is not looked at). */
export type Request = (options: {
  url: string;
  method: 'POST';
  data: string;
  header: Record<string, string>;
  /** Milliseconds. */
  timeout: number;
  success: (response: { statusCode: number; data: unknown }) => void;
  fail: (reason: { errMsg: string }) => void;
}) => { abort?(): void };

/** The part of wx, uni and Taro that keeps the token from one start to the next. */
export interface Storage {
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: string): void;
}

/** `res.userInfo` of wx.getUserProfile, as it comes. */
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
  /** RFC 3339, by the clock of the server. */
  expiresAt: string;
  /** Only in the answer to a login: true at the first one of this person. */
  isNewUser?: boolean;
  user: { id: string; nickName: string | null; avatarUrl: string | null };
}

export interface ClientOptions {
  /** Of the GraphQL endpoint, such as https://api.example.com/graphql. */
  url: string;
  /** wx.request if absent. It must call `fail` once `timeout` is over. */
  request?: Request;
  /** Answers a fresh code at every call; that of wx.login if absent. */
  login?: () => string | Promise<string>;
  /** wx if absent. */
  storage?: Storage;
  /** Which mini program, where the server serves several. */
  appId?: string;
  /** Milliseconds for one request, 15,000 if absent. */
  timeout?: number;
  /** Called after every login and renewal, and with null after logout. */
  onSession?: (session: Session | null) => void;
  /** The id under which the server knows this text: it is sent in its place. */
  documentId?: (text: string) => string | undefined;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface GraphQLError {
  message: string;
  path?: readonly (string | number)[];
  extensions?: { code?: string; action?: string; retryAfter?: number; [name: string]: unknown };
}

/** `abort` ends it with ABORTED, wherever it stands; a login that others wait for goes on. */
export type Task<Result> = Promise<Result> & { abort(): void };

type Arguments<Variables> =
  Record<never, never> extends Variables ? [variables?: Variables] : [variables: Variables];

export interface Client {
  /**
   * Sends an operation as the user, who is logged in first where that is needed.
   * @throws {RequestError} also where the answer has data beside its errors: see `data` of the error
   */
  request<Result = unknown>(document: string, variables?: object): Task<Result>;
  request<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    ...variables: Arguments<Variables>
  ): Task<Result>;
  /**
   * Logs in anew, even after `logout` and after an answer that said STOP.
   * @throws {RequestError}
   */
  login(options?: { userInfo?: UserInfo }): Promise<Session>;
  /**
   * Ends all sessions of the user, on this device even if the server can't be reached. From then on requests end
   * with LOGGED_OUT, also after a restart, until `login`.
   * @throws {RequestError} when the server was not told
   */
  logout(): Promise<void>;
  /** A profile for the next login to send; one that was sent is forgotten. */
  setUserInfo(userInfo: UserInfo): void;
  /** The session as far as it is known without asking anybody. */
  session(): Session | undefined;
}

/** Any end of a request but a good one. */
export class RequestError extends Error {
  /**
   * One of the server's ErrorCode, or of the client's own: NETWORK (no answer), BAD_ANSWER (not GraphQL: a gateway's
   * page), WX_LOGIN_FAILED, LOGGED_OUT, ABORTED; UNKNOWN where another server gave none.
   */
  declare readonly code: string;
  /** What to do: RELOGIN (all was done already), RETRY_LATER, FIX_REQUEST or STOP. */
  declare readonly action: string;
  /** WeChat's own number, where it refused, and its name of the request. */
  declare readonly wechat: { errcode: number; rid?: string } | undefined;
  /** Seconds until another try makes sense. */
  declare readonly retryAfter: number | undefined;
  /** By which the server's log knows the request; undefined if none was sent. */
  declare readonly requestId: string | undefined;
  /** The errors of the answer; empty where there was no GraphQL answer. */
  declare readonly errors: readonly GraphQLError[];
  /** What of the answer came in spite of the errors. */
  declare readonly data: unknown;

  /** @param detail the properties above, STOP and UNKNOWN where it does not say, and what else an answer adds */
  constructor(message: string, detail: object) {
    super(message);
    Object.assign(this, { name: 'RequestError', code: 'UNKNOWN', action: 'STOP', errors: [] }, detail);
  }
}

/** What is stored. The times are milliseconds by the clock of the device. */
type State = { session?: Session; renewAt?: number; endsAt?: number; out?: boolean };
type Answer<Data> = { data?: Data | null; errors?: readonly GraphQLError[] | null };
type Sessions = { session: Session };
/** What `abort` needs to know of a request that is on its way. */
type Job = { task: ReturnType<Request>; aborted?: RequestError };

declare const wx: Storage & {
  request: Request;
  login(options: {
    timeout: number;
    success: (response: { code: string }) => void;
    fail: (reason: { errMsg: string }) => void;
  }): void;
};
declare const setTimeout: undefined | ((callback: () => void, milliseconds: number) => unknown);

const FIELDS = 'token expiresAt user{id nickName avatarUrl}}}';
const LOGIN = `mutation Login($code:String!,$userInfo:UserInfoInput,$appId:String){session:login(code:$code,userInfo:$userInfo,appId:$appId){isNewUser ${FIELDS}`;
const RENEW = `mutation Renew{session:renewToken{${FIELDS}`;
const LOGOUT = 'mutation Logout{logout}';
/** A query, maybe after comments. Whatever does not look like one is taken for a mutation. */
const QUERY = /^(\s|#[^\n]*\n)*(query\b|\{)/;
const EXPIRED = 'UNAUTHENTICATED';
const LATER = 'RETRY_LATER';
/** wx.request takes ten at a time: nine, and the login that they wait for. */
const SLOTS = 9;
/** Seconds that a query waits in silence for its second try; what takes longer is left to the caller. */
const PATIENCE = 5;
const MINUTE = 60000;
/** Three hundred years, in milliseconds. */
const ENDLESS = 1e13;

/** @throws {ReferenceError} where there is no wx, and `request` or `storage` was left out */
export const createClient = ({
  url,
  request = wx.request,
  storage = wx,
  login = () => codeOf(timeout),
  appId,
  timeout = 15000,
  onSession = nothing,
  documentId = nothing,
  now = Date.now,
}: ClientOptions): Client => {
  /** A token goes to no server but its own. */
  const key = `weapp-login:${url}`;
  let state = load(storage, key);
  let profile: UserInfo | undefined;
  /** The login or the renewal that everybody waits for. */
  let pending: Promise<Session> | undefined;
  /** Why there is no login before `until`, unless the app asks for one. */
  let refusal: { error: RequestError; until: number } | undefined;

  /** Sends once. */
  const send = <Data,>(
    text: string,
    variables: object | undefined,
    headers: Record<string, string>,
    job: Job = { task: {} },
  ): Promise<Data> =>
    new Promise((resolve, reject) => {
      const requestId = randomId();
      const fail = ({ message, extensions }: GraphQLError, answer?: object) =>
        reject(new RequestError(message, { ...extensions, requestId, ...answer }));
      const id = documentId(text);
      job.task =
        request({
          url,
          method: 'POST',
          timeout,
          data: JSON.stringify({ documentId: id, query: id ? undefined : text, variables }),
          header: { 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
          success({ statusCode, data: body }) {
            try {
              const { data, errors } = parse<Answer<Data>>(body);
              const error = mainOf(errors || []);
              if (error) return fail(error, { errors, data });
              if (data) return resolve(data);
            } catch (_page) {}
            fail({ message: `HTTP ${statusCode}`, extensions: { code: 'BAD_ANSWER', action: LATER } });
          },
          fail: ({ errMsg }) => fail({ message: errMsg, extensions: { code: 'NETWORK', action: LATER } }),
        }) || {};
      Promise.resolve(job.task).catch(nothing);
    });

  /** A token with no minute left, by the clock of a device that is ahead, lasts until the server says otherwise. */
  const keep = (session: Session): Session => {
    const left = Date.parse(session.expiresAt) - now();
    const life = left > MINUTE ? left : ENDLESS;
    refusal = undefined;
    save({ session, renewAt: now() + life * 0.8, endsAt: now() + life });
    return session;
  };

  const save = (next: State): void => {
    state = next;
    try {
      storage.setStorageSync(key, JSON.stringify(next));
    } catch (_full) {}
    Promise.resolve(next.session || null).then(onSession);
  };

  /** Spends one code. Where no answer came, the server may have one: it is asked for by the same key, once. */
  const exchange = async (userInfo: UserInfo | undefined): Promise<Session> => {
    const code = await Promise.resolve()
      .then(login)
      .catch(({ message, errMsg = message }) => {
        throw new RequestError(errMsg, { code: 'WX_LOGIN_FAILED', action: LATER });
      });
    const once = { 'idempotency-key': randomId() };
    const ask = () => send<Sessions>(LOGIN, { code, userInfo, appId }, once);
    const { session } = await ask().catch((error) =>
      error.errors[0] ? Promise.reject(error) : wait(1).then(ask),
    );
    return keep(session);
  };

  /** A code that WeChat calls spent is replaced once. */
  const signIn = (): Promise<Session> => {
    const userInfo = profile;
    profile = undefined;
    return exchange(userInfo)
      .catch((error) => (error.code === 'WECHAT_CODE_INVALID' ? exchange(userInfo) : Promise.reject(error)))
      .catch((error) => {
        if (error.action !== 'FIX_REQUEST') profile = profile || userInfo;
        refusal = { error, until: now() + (error.action === 'STOP' ? ENDLESS : pause(error) * 1000) };
        throw error;
      });
  };

  /**
   * A renewal that fails harms nobody: the token is used to its end, and the next try is a minute away. One that
   * gains nothing means that the session has reached its greatest age.
   */
  const renew = (session: Session): Promise<Session> => {
    state.renewAt = now() + MINUTE;
    return send<Sessions>(RENEW, undefined, bearer(session))
      .then(
        ({ session: next }) => (next.expiresAt > session.expiresAt ? keep(next) : signIn()),
        (error) => (error.action === 'RELOGIN' ? signIn() : session),
      )
      .catch(() => session);
  };

  const lead = (work: Promise<Session>): Promise<Session> => {
    pending = work.finally(() => {
      pending = undefined;
    });
    return pending;
  };

  const idle = (): Promise<unknown> => Promise.resolve(pending).catch(nothing);

  /** The session to send a request in, made first if need be. */
  const ready = async (): Promise<Session> => {
    const { session, renewAt = 0, endsAt = 0, out } = state;
    if (pending) return pending;
    if (session && now() < renewAt) return session;
    if (session && now() < endsAt) return lead(renew(session));
    if (out) throw new RequestError('logged out', { code: 'LOGGED_OUT', action: 'RELOGIN' });
    if (refusal && now() < refusal.until) throw refusal.error;
    return lead(signIn());
  };

  const inSlot = slots(SLOTS);

  /** Once more after a login, and a query once more after a failure that may pass. */
  const run = <Data,>(text: string, variables: object | undefined, job: Job): Promise<Data> => {
    const query = QUERY.test(text);
    let replayable = true;
    const attempt = async (): Promise<Data> => {
      const session = await ready();
      if (job.aborted) throw job.aborted;
      return send<Data>(text, variables, bearer(session), job).catch((error) => {
        if (!replayable || error.code !== EXPIRED || !(query || isEmpty(error.data))) throw error;
        replayable = false;
        if (state.session === session) state = {};
        return attempt();
      });
    };
    return inSlot(attempt).catch((error) => {
      if (!query || error.action !== LATER || pause(error) > PATIENCE) throw error;
      return wait(pause(error)).then(() => inSlot(attempt));
    });
  };

  return {
    request<Result>(document: { toString(): string }, variables?: object): Task<Result> {
      const job: Job = { task: {} };
      let abort: () => void = nothing;
      const aborted = new Promise<never>((_resolve, reject) => {
        abort = () => {
          job.aborted = new RequestError('aborted', { code: 'ABORTED' });
          reject(job.aborted);
          if (job.task.abort) job.task.abort();
        };
      });
      return Object.assign(Promise.race([run<Result>(String(document), variables, job), aborted]), { abort });
    },
    async login({ userInfo } = {}) {
      profile = userInfo || profile;
      if (userInfo || state.session) await idle();
      return pending || lead(signIn());
    },
    async logout() {
      await idle();
      const { session } = state;
      save({ out: true });
      if (session)
        await send(LOGOUT, undefined, bearer(session)).catch((error) => {
          if (error.code !== EXPIRED) throw error;
        });
    },
    setUserInfo(userInfo) {
      profile = userInfo;
    },
    session: () => state.session,
  };
};

const load = (storage: Storage, key: string): State => {
  try {
    return parse(storage.getStorageSync(key));
  } catch (_none) {
    return {};
  }
};

/** What was meant by a text or by what was read of it already: gateways and adapters differ. */
const parse = <Data,>(body: unknown): Data =>
  JSON.parse(typeof body === 'string' ? body : JSON.stringify(body)) || {};

const codeOf = (timeout: number): Promise<string> =>
  new Promise((resolve, reject) => {
    wx.login({ timeout, success: ({ code }) => resolve(code), fail: reject });
  });

const bearer = ({ token }: Session) => ({ authorization: `Bearer ${token}` });

/** The one to act on: whatever else is wrong, the session has to be mended first. */
const mainOf = (errors: readonly GraphQLError[]): GraphQLError | undefined =>
  errors.find(({ extensions }) => extensions && extensions.code === EXPIRED) || errors[0];

/** Nothing of a mutation was done. */
const isEmpty = (data: unknown): boolean => Object.values(data || {}).every((value) => value === null);

/** Seconds. */
const pause = ({ retryAfter = 1 }: RequestError): number => retryAfter;

/** A little longer than asked: timers may be early. */
const wait = (seconds: number): Promise<void> =>
  new Promise((done) => {
    if (typeof setTimeout === 'undefined') done();
    else setTimeout(done, seconds * 1020);
  });

/** About a hundred random bits; of an idempotency key the secret is the code that goes with it. */
const randomId = (): string => `${Math.random()}${Math.random()}`;

const nothing = (): undefined => undefined;

/** Runs so many at a time, the others in the order they came. */
const slots = (free: number) => {
  const queue: (() => void)[] = [];
  return async <Result,>(work: () => Promise<Result>): Promise<Result> => {
    if (free) free--;
    else await new Promise<void>((start) => queue.push(start));
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free++;
    }
  };
};
