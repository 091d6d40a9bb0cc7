import { createHash } from 'node:crypto';
import type { Handler, Request } from './serve.ts';

export type SandboxApp = { appId: string; secret: string };

/** The name of a person. */
export const NAME = /^[\w.-]{1,64}$/;

export type Person = { user: string; appId: string; openId: string };

export type Phone = { countryCode: string; number: string };

/** One request that reached the sandbox: its path, and the code of wx.login or getPhoneNumber in it. */
export type Call = { path: string; code?: string };

export type IssuedCode = Person & { purpose: 'login' | 'phone'; issuedAt: number; used: boolean };

export type IssuedToken = {
  appId: string;
  /** Of stable_token, or of GET /cgi-bin/token. */
  kind: 'stable' | 'plain';
  token: string;
  issuedAt: number;
  expiresAt: number;
  /** By a forced refresh. */
  forced: boolean;
};

/** The state of the sandbox. Collections are bounded: the oldest entries are evicted. */
export type State = {
  apps: readonly SandboxApp[];
  now(): number;
  random(bytes: number): Buffer;
  calls: Call[];
  codes: Map<string, IssuedCode>;
  /** By openid: the session_key of the last wx.login. */
  sessionKeys: Map<string, string>;
  unionUsers: Set<string>;
  /** Users whose session_key does not change at the next wx.login, as while it is recent. */
  steadyUsers: Set<string>;
  phones: Map<string, Phone>;
  /** The access_tokens, newest last. */
  tokens: IssuedToken[];
  /** The AppIDs whose IP whitelist excludes the caller. */
  notWhitelisted: Set<string>;
  /** By path: the faults of the next calls, in order. */
  faults: Map<string, string[]>;
  /** More jscode2session calls for one person per minute get 45011. */
  userCallsPerMinute: number;
  userCalls: Map<string, number[]>;
};

const MAX_ENTRIES = 20_000;

export function createState(given: Pick<State, 'apps' | 'now' | 'random' | 'userCallsPerMinute'>): State {
  return {
    ...given,
    calls: [],
    codes: new Map(),
    sessionKeys: new Map(),
    unionUsers: new Set(),
    steadyUsers: new Set(),
    phones: new Map(),
    tokens: [],
    notWhitelisted: new Set(),
    faults: new Map(),
    userCalls: new Map(),
  };
}

/** Sets a value; evicts the oldest entry above 20,000. */
export function setBounded<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_ENTRIES && oldest !== undefined) map.delete(oldest);
}

/** Records each call before it is handled. */
export function recordCalls(state: State, handler: Handler): Handler {
  return (request) => {
    const code = codeIn(request);
    state.calls.push({ path: request.path, ...(code === undefined ? {} : { code }) });
    if (state.calls.length > MAX_ENTRIES) state.calls.shift();
    return handler(request);
  };
}

function codeIn({ query, body }: Request): string | undefined {
  if (typeof body === 'object' && body && 'code' in body && typeof body.code === 'string') return body.code;
  return query.get('js_code') ?? undefined;
}

/** The openid of a person in an app: 28 characters, as WeChat's. */
export function openIdOf(appId: string, user: string): string {
  return identifier('o', `${appId}/${user}`);
}

export function unionIdOf(user: string): string {
  return identifier('u', user);
}

/** A Chinese mobile number outside the real ranges, the same each time. */
export function phoneOf({ phones }: State, user: string): Phone {
  return (
    phones.get(user) ?? {
      countryCode: '86',
      number: `100${(createHash('sha256').update(user).digest().readUInt32BE() % 1e8).toString().padStart(8, '0')}`,
    }
  );
}

function identifier(prefix: string, text: string): string {
  return prefix + createHash('sha256').update(text).digest('base64url').slice(0, 27);
}
