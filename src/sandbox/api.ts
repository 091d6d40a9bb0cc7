import { createHmac } from 'node:crypto';
import { createAccessTokenApi, withToken } from './access-tokens.ts';
import { isFaultName } from './faults.ts';
import { fields, type Handler, type Routes, type SandboxResponse } from './serve.ts';
import {
  NAME,
  openIdOf,
  type Person,
  phoneOf,
  recordCalls,
  type State,
  setBounded,
  unionIdOf,
} from './state.ts';
import { credentialsErrcode, errorResponse } from './wechat-errors.ts';

const CODE_MS = 5 * 60_000;

/** The part of WeChat's server API that mini program logins need. */
export function createApi(state: State): Routes {
  const jscode2session: Handler = ({ method, query }) => {
    const appId = query.get('appid');
    const secret = query.get('secret');
    const code = query.get('js_code');
    if (method !== 'GET' || !appId) return errorResponse(state, 41002);
    if (!secret) return errorResponse(state, 41004);
    if (!code) return errorResponse(state, 41008);
    if (query.get('grant_type') !== 'authorization_code') return errorResponse(state, 40002);
    const errcode = credentialsErrcode(state, appId, secret);
    if (errcode) return errorResponse(state, errcode);
    const person = redeem(state, code, appId, 'login');
    if (!('openId' in person)) return person;
    if (isTooFast(state, person)) return errorResponse(state, 45011);
    const steady = state.steadyUsers.has(person.user) ? state.sessionKeys.get(person.openId) : undefined;
    const sessionKey = steady ?? state.random(16).toString('base64');
    setBounded(state.sessionKeys, person.openId, sessionKey);
    const unionId = state.unionUsers.has(person.user) ? { unionid: unionIdOf(person.user) } : {};
    return { body: { session_key: sessionKey, openid: person.openId, ...unionId } };
  };

  const phoneNumber: Handler = (request) =>
    withToken(state, request.query, (appId) => {
      const { code, openid } = fields(request.body);
      if (request.method !== 'POST') return errorResponse(state, 43002);
      if (typeof code !== 'string') return errorResponse(state, 47001);
      const person = redeem(state, code, appId, 'phone', openid);
      if (!('openId' in person)) return person;
      const { countryCode, number } = phoneOf(state, person.user);
      const isForeign = countryCode !== '86';
      return {
        body: {
          errcode: 0,
          errmsg: 'ok',
          phone_info: {
            phoneNumber: isForeign ? `+${countryCode}${number}` : number,
            purePhoneNumber: number,
            countryCode,
            watermark: { timestamp: Math.floor(state.now() / 1000), appid: appId },
          },
        },
      };
    });

  const sessionKeyHolder = (query: URLSearchParams): string | undefined => {
    const openId = query.get('openid') ?? '';
    const key = state.sessionKeys.get(openId);
    const isValid =
      key !== undefined &&
      query.get('sig_method') === 'hmac_sha256' &&
      query.get('signature') === createHmac('sha256', key).update('').digest('hex');
    return isValid ? openId : undefined;
  };

  const checkSession: Handler = ({ query }) =>
    withToken(state, query, () =>
      sessionKeyHolder(query) ? { body: { errcode: 0, errmsg: 'ok' } } : errorResponse(state, 87009),
    );

  const resetSession: Handler = ({ query }) =>
    withToken(state, query, () => {
      const openId = sessionKeyHolder(query);
      if (openId === undefined) return errorResponse(state, 87009);
      const sessionKey = state.random(16).toString('base64');
      setBounded(state.sessionKeys, openId, sessionKey);
      return { body: { errcode: 0, errmsg: 'ok', openid: openId, session_key: sessionKey } };
    });

  const routes: Routes = {
    '/sns/jscode2session': jscode2session,
    ...createAccessTokenApi(state),
    '/wxa/business/getuserphonenumber': phoneNumber,
    '/wxa/checksession': checkSession,
    '/wxa/resetusersessionkey': resetSession,
  };
  return Object.fromEntries(
    Object.entries(routes).map(([path, handler]) => [
      path,
      recordCalls(state, withContentType(path, withOrderedFaults(state, path, handler))),
    ]),
  );
}

/** jscode2session sends its JSON as text/plain. */
function withContentType(path: string, handler: Handler): Handler {
  return async (request) => {
    const response = await handler(request);
    return 'fault' in response || path !== '/sns/jscode2session'
      ? response
      : { ...response, type: 'text/plain' };
  };
}

/** Faults set for this path by POST /sandbox/faults come first. */
function withOrderedFaults(state: State, path: string, handler: Handler): Handler {
  return (request) => {
    const fault = state.faults.get(path)?.shift();
    return (fault === undefined ? undefined : faultResponse(state, fault)) ?? handler(request);
  };
}

function faultResponse(state: State, fault: string): SandboxResponse | undefined {
  if (/^-?\d{1,9}$/.test(fault)) return errorResponse(state, Number(fault));
  // One official sample has the errcode as a string.
  if (/^text-\d{1,9}$/.test(fault))
    return { body: { errcode: fault.slice('text-'.length), errmsg: 'error' } };
  return isFaultName(fault) ? { fault } : undefined;
}

/** The person of a code: `dev:NAME`, `fault:NAME` or `fault:ERRCODE`, or one created by POST /sandbox/codes. */
function redeem(
  state: State,
  code: string,
  appId: string,
  purpose: 'login' | 'phone',
  openId?: unknown,
): Person | SandboxResponse {
  const [, kind, rest = ''] = /^(dev|fault):(.*)$/s.exec(code) ?? [];
  if (kind === 'fault') return faultResponse(state, rest) ?? errorResponse(state, 40029);
  const issued = state.codes.get(code);
  const person =
    kind === 'dev' && NAME.test(rest) ? { user: rest, appId, openId: openIdOf(appId, rest) } : issued;
  if (person?.appId !== appId || (openId !== undefined && openId !== person.openId))
    return errorResponse(state, 40029);
  if (!issued) return person;
  if (issued.purpose !== purpose || state.now() - issued.issuedAt > CODE_MS)
    return errorResponse(state, 40029);
  if (issued.used) return errorResponse(state, purpose === 'login' ? 40163 : 40029);
  issued.used = true;
  return { user: issued.user, appId, openId: issued.openId };
}

function isTooFast(state: State, { openId }: Person): boolean {
  if (state.userCallsPerMinute === Number.POSITIVE_INFINITY) return false;
  const since = state.now() - 60_000;
  const recent = (state.userCalls.get(openId) ?? []).filter((at) => at > since);
  setBounded(state.userCalls, openId, [...recent, state.now()]);
  return recent.length >= state.userCallsPerMinute;
}
