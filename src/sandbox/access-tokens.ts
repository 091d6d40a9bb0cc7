import { fields, type Handler, type Routes, type SandboxResponse } from './serve.ts';
import type { IssuedToken, State } from './state.ts';
import { credentialsErrcode, errorResponse } from './wechat-errors.ts';

const TOKEN_MS = 7_200_000;
/** This long before a token expires, stable_token issues a new one; both are valid. */
const OVERLAP_MS = 300_000;
/** A forced refresh sooner after another returns the same token. */
const FORCE_SPACING_MS = 30_000;
/** WeChat says to reserve 512 characters. */
const TOKEN_BYTES = 384;

/** The two APIs for access_tokens. Neither invalidates the tokens of the other. */
export function createAccessTokenApi(state: State): Routes {
  const stableToken: Handler = ({ method, body }) => {
    const { grant_type, appid, secret, force_refresh } = fields(body);
    if (method !== 'POST') return errorResponse(state, 43002);
    if (typeof body !== 'object') return errorResponse(state, 47001);
    const errcode = requestErrcode(state, { grant_type, appid, secret });
    if (errcode) return errorResponse(state, errcode);
    return tokenResponse(state, currentToken(state, String(appid), force_refresh === true));
  };

  /** GET /cgi-bin/token: each call issues a token. The one before stays valid for five minutes. */
  const token: Handler = ({ query }) => {
    const { grant_type, appid, secret } = Object.fromEntries(query);
    const errcode = requestErrcode(state, { grant_type, appid, secret });
    if (errcode) return errorResponse(state, errcode);
    const [last] = validTokens(state, String(appid), 'plain').slice(-1);
    if (last) last.expiresAt = Math.min(last.expiresAt, state.now() + OVERLAP_MS);
    return tokenResponse(state, issueToken(state, String(appid), 'plain'));
  };

  return { '/cgi-bin/stable_token': stableToken, '/cgi-bin/token': token };
}

/** Handles a request with a valid access_token of either kind. */
export function withToken(
  state: State,
  query: URLSearchParams,
  handle: (appId: string) => SandboxResponse,
): SandboxResponse {
  const token = query.get('access_token');
  if (!token) return errorResponse(state, 41001);
  const found = state.tokens.find((candidate) => candidate.token === token);
  if (!found) return errorResponse(state, 40001);
  if (found.expiresAt <= state.now()) return errorResponse(state, 42001);
  return state.notWhitelisted.has(found.appId) ? errorResponse(state, 40164) : handle(found.appId);
}

function requestErrcode(
  state: State,
  { grant_type, appid, secret }: Record<string, unknown>,
): number | undefined {
  if (typeof appid !== 'string') return 41002;
  if (typeof secret !== 'string') return 41004;
  if (grant_type !== 'client_credential') return 40002;
  return credentialsErrcode(state, appid, secret);
}

function currentToken(state: State, appId: string, force: boolean): IssuedToken {
  const valid = validTokens(state, appId, 'stable');
  const last = valid.at(-1);
  if (force && !(last?.forced && state.now() - last.issuedAt < FORCE_SPACING_MS)) {
    for (const each of valid) each.expiresAt = 0;
    state.tokens = state.tokens.filter(({ expiresAt }) => expiresAt > 0);
    return issueToken(state, appId, 'stable', true);
  }
  return last && (force || last.expiresAt - state.now() > OVERLAP_MS)
    ? last
    : issueToken(state, appId, 'stable');
}

function validTokens({ tokens, now }: State, appId: string, kind: IssuedToken['kind']): IssuedToken[] {
  return tokens.filter((each) => each.appId === appId && each.kind === kind && each.expiresAt > now());
}

const MAX_TOKENS = 1000;

function issueToken(state: State, appId: string, kind: IssuedToken['kind'], forced = false): IssuedToken {
  const issuedAt = state.now();
  const token = state.random(TOKEN_BYTES).toString('base64url');
  const issued = { appId, kind, token, issuedAt, expiresAt: issuedAt + TOKEN_MS, forced };
  state.tokens.push(issued);
  if (state.tokens.length > MAX_TOKENS) state.tokens.shift();
  return issued;
}

function tokenResponse(state: State, { token, expiresAt }: IssuedToken): SandboxResponse {
  return { body: { access_token: token, expires_in: Math.floor((expiresAt - state.now()) / 1000) } };
}
