import { RequestError } from './errors.mts';
import { DEFAULT_TIMEOUT_MS, noop, type Wx, wait } from './platform.mts';
import { bearer, parseJson, randomId, type Send } from './transport.mts';
import type { Client, ClientOptions, Session, Storage, UserInfo } from './types.mts';

declare const wx: Wx;

const MINUTE_MS = 60000;
/** About 300 years. */
const FOREVER_MS = 1e13;
const FIELDS = 'token expiresAt user{id nickName avatarUrl}}}';
const LOGIN = `mutation Login($code:String!,$userInfo:UserInfoInput,$appId:String){session:login(code:$code,userInfo:$userInfo,appId:$appId){isNewUser ${FIELDS}`;
const RENEW = `mutation Renew{session:renewToken{${FIELDS}`;
const LOGOUT = 'mutation Logout{logout{user{id}}}';

/** The state of the session, which is stored. */
type State =
  /** There is no token: the next request logs in. */
  | { name: 'SIGNED_OUT'; session?: never }
  /**
   * There is a token: it is used until `renewAt`, then renewed, and replaced by a login after `endsAt`. Both are in
   * milliseconds since 1970, by the clock of the device.
   */
  | { name: 'SIGNED_IN'; session: Session; renewAt: number; endsAt: number }
  /** The app called `logout`: requests fail until it calls `login`. */
  | { name: 'LOGGED_OUT'; session?: never };

const SIGNED_OUT: State = { name: 'SIGNED_OUT' };

type SessionData = { session: Session };

export type SessionManager = Omit<Client, 'request'> & {
  /**
   * Returns a session. Logs in or renews the token first if necessary.
   * @param rejected a session with a token that the server rejected: it is not returned again
   * @throws {RequestError}
   */
  acquire(rejected?: Session): Promise<Session>;
};

export function createSession(options: ClientOptions, send: Send): SessionManager {
  const {
    url,
    login = () =>
      new Promise<string>((resolve, reject) => {
        wx.login({ timeout, success: ({ code }) => resolve(code), fail: reject });
      }),
    storage = wx,
    appId,
    timeout = DEFAULT_TIMEOUT_MS,
    onSession = noop,
    now = Date.now,
  } = options;
  /** One key for each server, so that no server gets the token of another. */
  const key = `weapp-login:${url}`;
  let state = loadState(storage, key);
  /** Sent with the next login. */
  let profile: UserInfo | undefined;
  /** The login or renewal in progress, which all requests wait for. */
  let pending: Promise<Session> | undefined;
  /** The error of the last login. Requests in SIGNED_OUT fail with it, without a new login, until `blockedUntil`. */
  let loginError: RequestError | undefined;
  let blockedUntil = 0;

  const acquire = async (rejected?: Session): Promise<Session> => {
    if (rejected && state.session === rejected) state = SIGNED_OUT;
    if (pending) return pending;
    if (state.name === 'LOGGED_OUT')
      throw new RequestError('logged out', { code: 'LOGGED_OUT', action: 'RELOGIN' });
    if (state.name === 'SIGNED_IN') {
      if (now() < state.renewAt) return state.session;
      if (now() < state.endsAt) {
        state.renewAt = now() + MINUTE_MS;
        return share(renew(state.session));
      }
    }
    if (now() < blockedUntil) throw loginError;
    return share(signIn());
  };

  const share = (work: Promise<Session>): Promise<Session> => {
    pending = work.finally(() => {
      pending = undefined;
    });
    return pending;
  };

  /** Waits for the login or renewal in progress, also if it fails. */
  const settled = (): Promise<unknown> => Promise.resolve(pending).catch(noop);

  /** Tries a second code if WeChat rejects the first. If the login fails, the next one sends the profile again. */
  const signIn = (): Promise<Session> => {
    const userInfo = profile;
    profile = undefined;
    return exchange(userInfo)
      .catch((error) => {
        if (error.code !== 'WECHAT_CODE_INVALID') throw error;
        return exchange(userInfo);
      })
      .then(start, (error) => {
        const { action, retryAfter = 1 } = error;
        if (action !== 'FIX_REQUEST') profile = profile || userInfo;
        loginError = error;
        blockedUntil = now() + (action === 'STOP' ? FOREVER_MS : retryAfter * 1000);
        throw error;
      });
  };

  /** Logs in with one code. If the response is lost, sends the same code and idempotency key again, once. */
  const exchange = (userInfo: UserInfo | undefined): Promise<SessionData> =>
    Promise.resolve()
      .then(login)
      .then(
        (code) => {
          const headers = { 'idempotency-key': randomId() };
          const ask = () => send<SessionData>(LOGIN, headers, { code, userInfo, appId });
          return ask().catch((error) => {
            if (error.errors[0]) throw error;
            return wait(1).then(ask);
          });
        },
        ({ message, errMsg = message }) => {
          throw new RequestError(errMsg, { code: 'WX_LOGIN_FAILED', action: 'RETRY_LATER' });
        },
      );

  /**
   * If the renewal fails, the current token is used and the next renewal is a minute later. If the new token does not
   * expire later, the session has reached its maximum age: logs in.
   */
  const renew = (session: Session): Promise<Session> =>
    send<SessionData>(RENEW, bearer(session))
      .then(
        (next) => (next.session.expiresAt > session.expiresAt ? start(next) : signIn()),
        (error) => (error.action === 'RELOGIN' ? signIn() : session),
      )
      .catch(() => session);

  /** Less than a minute left means that the clock of the device is wrong: the server decides when it expires. */
  const start = ({ session }: SessionData): Session => {
    const left = Date.parse(session.expiresAt) - now();
    const lifetime = left > MINUTE_MS ? left : FOREVER_MS;
    blockedUntil = 0;
    save({ name: 'SIGNED_IN', session, renewAt: now() + lifetime * 0.8, endsAt: now() + lifetime });
    return session;
  };

  /** If the storage fails, the session ends with the app. */
  const save = (next: State): void => {
    state = next;
    try {
      storage.setStorageSync(key, JSON.stringify(next));
    } catch (_full) {}
    Promise.resolve(next.session || null).then(onSession);
  };

  return {
    acquire,
    async login({ userInfo } = {}) {
      profile = userInfo || profile;
      if (userInfo || state.session) await settled();
      return pending || share(signIn());
    },
    async logout() {
      await settled();
      const { session } = state;
      save({ name: 'LOGGED_OUT' });
      if (session)
        await send(LOGOUT, bearer(session)).catch((error) => {
          if (error.code !== 'UNAUTHENTICATED') throw error;
        });
    },
    setUserInfo(userInfo) {
      profile = userInfo;
    },
    session: () => state.session,
  };
}

function loadState(storage: Storage, key: string): State {
  try {
    return parseJson(storage.getStorageSync(key));
  } catch (_invalid) {
    return SIGNED_OUT;
  }
}
