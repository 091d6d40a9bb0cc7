import { RequestError } from './errors.mts';
import { always, callPlatform, DEFAULT_TIMEOUT_MS, noop, type Wx, wait } from './platform.mts';
import { bearer, parseJson, type Send } from './transport.mts';
import type { Client, ClientOptions, Session, UserInfo } from './types.mts';

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
  /** SIGNED_OUT: there is no token, and the next request logs in. */
  | { session?: never; code?: never }
  /**
   * SIGNED_IN: the token is used until `renewAt`, then renewed, and replaced by a login after `endsAt`. Both are in
   * milliseconds since 1970, by the clock of the device.
   */
  | { session: Session; renewAt: number; endsAt: number; code?: never }
  /** LOGGED_OUT: the app called `logout`. Requests fail with this code and action until it calls `login`. */
  | { code: 'LOGGED_OUT'; action: 'RELOGIN'; session?: never };

type SessionData = { session: Session };

export function createSession(options: ClientOptions, send: Send): Omit<Client, 'request'> {
  const {
    url,
    login,
    storage = wx,
    appId,
    timeout = DEFAULT_TIMEOUT_MS,
    onSession = noop,
    now = Date.now,
  } = options;
  /** One key for each server, so that no server gets the token of another. */
  const key = `weapp-login:${url}`;
  let state: State = {};
  /** Sent with the next login. */
  let profile: UserInfo | undefined;
  /** The login or renewal in progress, which all requests wait for. */
  let pending: Promise<Session> | undefined;
  /** The error of the last login. Requests in SIGNED_OUT fail with it, without a new login, until `blockedUntil`. */
  let loginError: RequestError | undefined;
  let blockedUntil = 0;

  try {
    state = parseJson(storage.getStorageSync(key));
  } catch (_invalid) {}

  const findSession = (rejected: Session | undefined): Session | Promise<Session> => {
    if (rejected && state.session === rejected) state = {};
    if (pending) return pending;
    if (state.code) throw new RequestError(state.code, state);
    if (state.session) {
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
    pending = work;
    return always(work, () => {
      pending = undefined;
    });
  };

  /** Waits for the login or renewal in progress, also if it fails; unless the condition is falsy. */
  const settled = (condition: unknown): Promise<unknown> => Promise.resolve(condition && pending).catch(noop);

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
        if (error.action !== 'FIX_REQUEST') profile = profile || userInfo;
        loginError = error;
        blockedUntil = now() + (error.action === 'STOP' ? FOREVER_MS : (error.retryAfter || 1) * 1000);
        throw error;
      });
  };

  /** Logs in with one code. If the response is lost, sends the same code and idempotency key again, once. */
  const exchange = (userInfo: UserInfo | undefined): Promise<SessionData> =>
    callPlatform<string>('WX_LOGIN_FAILED', timeout, (resolve, reject) => {
      if (login) Promise.resolve(login()).then(resolve, reject);
      else wx.login({ success: ({ code }) => resolve(code), fail: reject });
    }).then((code) => {
      const headers = { 'idempotency-key': Math.random().toFixed(20) };
      const ask = () => send<SessionData>(LOGIN, headers, { code, userInfo, appId });
      return ask().catch((error) => {
        if (error.errors[0]) throw error;
        return wait().then(ask);
      });
    });

  /**
   * If the renewal fails, the current token is used and the next renewal is a minute later. If the new token does not
   * expire later, the session has reached its maximum age: logs in.
   */
  const renew = (session: Session): Promise<Session> =>
    send<SessionData>(RENEW, bearer(session))
      .then((next) => (next.session.expiresAt > session.expiresAt ? start(next) : signIn()))
      .catch(() => session);

  /** Less than a minute left means that the clock of the device is wrong: the server decides when it expires. */
  const start = ({ session }: SessionData): Session => {
    const left = Date.parse(session.expiresAt) - now();
    const lifetime = left > MINUTE_MS ? left : FOREVER_MS;
    blockedUntil = 0;
    save({ session, renewAt: now() + lifetime * 0.8, endsAt: now() + lifetime });
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
    ensureSession: (rejected) => new Promise((resolve) => resolve(findSession(rejected))),
    login({ userInfo } = {}) {
      profile = userInfo || profile;
      return settled(userInfo || state.session).then(() => pending || share(signIn()));
    },
    logout: () =>
      settled(true).then(() => {
        const { session } = state;
        save({ code: 'LOGGED_OUT', action: 'RELOGIN' });
        return (
          session &&
          send(LOGOUT, bearer(session)).then(noop, (error) => {
            if (error.code !== 'UNAUTHENTICATED') throw error;
          })
        );
      }),
    setUserInfo(userInfo) {
      profile = userInfo;
    },
    session: () => state.session,
  };
}
