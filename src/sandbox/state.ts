import { createHash } from 'node:crypto';
import type { Handler, Request } from './serve.ts';

export type SandboxApp = { appId: string; secret: string };

export type Person = { user: string; appId: string; openId: string };

export type Phone = { countryCode: string; number: string };

/** One request that reached the sandbox: its path, and the code of wx.login or getPhoneNumber in it. */
export type Call = { path: string; code?: string };

export type Mint = Person & { purpose: 'login' | 'phone'; mintedAt: number; used: boolean };

/** Everything that the sandbox remembers. Each collection is bounded, the oldest go first. */
export type State = {
  apps: readonly SandboxApp[];
  now(): number;
  random(bytes: number): Buffer;
  calls: Call[];
  codes: Map<string, Mint>;
  /** By openid, once the person has logged in. */
  people: Map<string, Person>;
  /** By openid: the session_key of the last wx.login. */
  sessionKeys: Map<string, string>;
  unionUsers: Set<string>;
  /** People whose session_key stays the same at the next wx.login, as it does while it is fresh. */
  steadyUsers: Set<string>;
  phones: Map<string, Phone>;
  /** By AppID: the access_tokens that are good, the newest last. */
  tokens: Map<string, { token: string; expiresAt: number }[]>;
  /** The AppIDs whose IP whitelist has no place for the caller. */
  closedApps: Set<string>;
  /** By path: what happens to the next calls, in order. */
  faults: Map<string, string[]>;
  /** More calls of jscode2session in a minute for one person get 45011. */
  userCallsPerMinute: number;
  userCalls: Map<string, number[]>;
};

const MAX_KEPT = 20_000;

export function createState(given: Pick<State, 'apps' | 'now' | 'random' | 'userCallsPerMinute'>): State {
  return {
    ...given,
    calls: [],
    codes: new Map(),
    people: new Map(),
    sessionKeys: new Map(),
    unionUsers: new Set(),
    steadyUsers: new Set(),
    phones: new Map(),
    tokens: new Map(),
    closedApps: new Set(),
    faults: new Map(),
    userCalls: new Map(),
  };
}

/** Puts a value in a collection, without letting it grow for ever. */
export function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_KEPT && oldest !== undefined) map.delete(oldest);
}

/** Writes down a call before it is answered. */
export function counted(state: State, handler: Handler): Handler {
  return (request) => {
    const code = codeIn(request);
    state.calls.push({ path: request.path, ...(code === undefined ? {} : { code }) });
    if (state.calls.length > MAX_KEPT) state.calls.shift();
    return handler(request);
  };
}

function codeIn({ query, body }: Request): string | undefined {
  if (typeof body === 'object' && body && 'code' in body && typeof body.code === 'string') return body.code;
  return query.get('js_code') ?? undefined;
}

/** The openid that the sandbox gives this person in this app: 28 characters, as WeChat's. */
export function openIdOf(appId: string, user: string): string {
  return identifier('o', `${appId}/${user}`);
}

export function unionIdOf(user: string): string {
  return identifier('u', user);
}

/** A Chinese mobile number of no real range, the same each time. */
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
