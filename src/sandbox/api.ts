import { createHmac } from 'node:crypto';
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

const CODE_MS = 5 * 60_000;
const TOKEN_MS = 7_200_000;
/** This long before a token expires, stable_token issues a new one; both are valid. */
const OVERLAP_MS = 300_000;

/** WeChat's messages. Clients must read the errcode, not the text. */
const ERRMSG: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip 127.0.0.1, not in whitelist',
  40226: 'code blocked',
  41001: 'access_token missing',
  41002: 'appid missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  42001: 'access_token expired',
  43002: 'require POST method',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit  mustslower  retry next minute',
  47001: 'data format error',
  87009: 'invalid signature',
};

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

  const stableToken: Handler = ({ method, body }) => {
    const { grant_type, appid, secret, force_refresh } = fields(body);
    if (method !== 'POST') return errorResponse(state, 43002);
    if (typeof appid !== 'string') return errorResponse(state, 41002);
    if (typeof secret !== 'string') return errorResponse(state, 41004);
    if (grant_type !== 'client_credential') return errorResponse(state, 40002);
    const errcode = credentialsErrcode(state, appid, secret);
    if (errcode) return errorResponse(state, errcode);
    const { token, expiresAt } = currentToken(state, appid, force_refresh === true);
    return { body: { access_token: token, expires_in: Math.floor((expiresAt - state.now()) / 1000) } };
  };

  const phoneNumber: Handler = (request) =>
    withToken(state, request.query, (appId) => {
      const { code, openid } = fields(request.body);
      if (request.method !== 'POST') return errorResponse(state, 43002);
      if (typeof code !== 'string') return errorResponse(state, 47001);
      const person = redeem(state, code, appId, 'phone', openid);
      if (!('openId' in person)) return person;
      const { countryCode, number } = phoneOf(state, person.user);
      const foreign = countryCode !== '86';
      return {
        body: {
          errcode: 0,
          errmsg: 'ok',
          phone_info: {
            phoneNumber: foreign ? `${countryCode}${number}` : number,
            purePhoneNumber: number,
            // WeChat sends it both ways.
            countryCode: foreign ? Number(countryCode) : countryCode,
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
    '/cgi-bin/stable_token': stableToken,
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

/** An error in WeChat's format. */
function errorResponse(state: State, errcode: number): SandboxResponse {
  return {
    body: { errcode, errmsg: `${ERRMSG[errcode] ?? 'error'}, rid: ${rid(state)}` },
  };
}

function rid({ random }: State): string {
  return random(12)
    .toString('hex')
    .replace(/^(.{8})(.{8})(.{8})$/, '$1-$2-$3');
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

function credentialsErrcode(
  { apps, notWhitelisted }: State,
  appId: string,
  secret: string,
): number | undefined {
  const app = apps.find((candidate) => candidate.appId === appId);
  if (!app) return 40013;
  if (app.secret !== secret) return 40125;
  return notWhitelisted.has(appId) ? 40164 : undefined;
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

function currentToken(state: State, appId: string, force: boolean) {
  const at = state.now();
  const valid = (state.tokens.get(appId) ?? []).filter(({ expiresAt }) => expiresAt > at);
  const last = valid.at(-1);
  if (last && !force && last.expiresAt - at > OVERLAP_MS) return last;
  const issued = { token: state.random(32).toString('base64url'), expiresAt: at + TOKEN_MS };
  state.tokens.set(appId, force ? [issued] : [...valid, issued]);
  return issued;
}

function withToken(
  state: State,
  query: URLSearchParams,
  then: (appId: string) => SandboxResponse,
): SandboxResponse {
  const token = query.get('access_token');
  if (!token) return errorResponse(state, 41001);
  for (const [appId, tokens] of state.tokens) {
    const found = tokens.find((candidate) => candidate.token === token);
    if (found && found.expiresAt <= state.now()) return errorResponse(state, 42001);
    if (found) return state.notWhitelisted.has(appId) ? errorResponse(state, 40164) : then(appId);
  }
  return errorResponse(state, 40001);
}
