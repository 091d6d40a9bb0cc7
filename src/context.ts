import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Tokens } from './auth/tokens.ts';
import type { ReadSession } from './auth/verified-tokens.ts';
import { readViewer, type Viewer } from './auth/viewer.ts';
import type { SingleFlight } from './common/single-flight.ts';
import { traceIdOf } from './common/traceparent.ts';
import type { Log } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import type { RateLimits } from './ops/rate-limit.ts';
import type { User, Users } from './storage/user-types.ts';
import type { WeChat, WeChatApp, WeChatCalls } from './wechat/client.ts';
import type { DataDecryptor } from './wechat/encrypted-data.ts';
import type { WeChatSession } from './wechat/payloads.ts';
import type { WeChatPhone } from './wechat/phone-info.ts';

/**
 * The services of modules, which stand in the context of each request. A module adds its own by declaration merging.
 */
export interface Services {}

/**
 * Shared by all requests; created once by app.ts.
 * @internal
 */
export interface CoreServices {
  /** The mini programs of this server; the first is the default. */
  apps: readonly [WeChatApp, ...WeChatApp[]];
  wechat: WeChatCalls & Pick<WeChat, 'tracedBy'>;
  decryptor: DataDecryptor;
  repeats: Repeats;
  users: Users;
  tokens: Pick<Tokens, 'issue'>;
  readSession: ReadSession;
  limits: RateLimits;
  log: Log;
  metrics: Metrics;
}

/**
 * Results of recent requests, so that a repeated one does not send its code to WeChat again. Per process.
 * @internal
 */
export interface Repeats {
  /** By AppID, code and Idempotency-Key; forgotten when the login succeeds. */
  sessions: SingleFlight<WeChatSession & { newId: string }>;
  /** By AppID, code and Idempotency-Key. Replicas share it by Redis, if there is one. */
  logins: Pick<SingleFlight<LoginOutcome>, 'run'>;
  /** By AppID, openid and code. */
  phones: SingleFlight<WeChatPhone>;
  /** By user and encrypted phone number: the number that was bound with it. */
  encryptedPhones: SingleFlight<string>;
  /** By AppID, openid and session_key: whether WeChat says that it is current. */
  sessionChecks: SingleFlight<boolean>;
}

/**
 * What a repeated login gets.
 * @internal
 */
export const loginOutcome = z.object({
  userId: z.string(),
  tokenVersion: z.number(),
  isNewUser: z.boolean(),
});

/** @internal */
export type LoginOutcome = z.infer<typeof loginOutcome>;

/** The connection that a request came on. */
export interface Connection {
  requestId: string;
  /** The IP address of the client, according to TRUST_PROXY. */
  address: string;
}

/**
 * What the log says of the sender of a request.
 * @internal
 */
export interface Sender {
  /** The version of the mini program, or `devtools`; `0` in development, trial and review. Client-supplied. */
  build: string | null;
  /** Of the traceparent header. */
  traceId: string | null;
}

/** Available to resolvers; created for each request, and never copied. */
export interface Context extends Services {
  users: Users;
  connection: Connection;
  /** Adds the request id to each line. */
  log: Log;
}

/**
 * What only the core uses.
 * @internal
 */
export interface Context extends Omit<CoreServices, 'wechat' | 'users' | 'log'> {
  /** Passes on the traceparent header of the request. */
  wechat: WeChatCalls;
  /** The Idempotency-Key header as sent. */
  idempotencyKey: string | null;
  /** Authenticates the request at the first call, so that `login` ignores a stale token. */
  viewer(): Promise<Viewer<User>>;
  /** The viewer if `viewer()` has finished. */
  knownViewer(): Viewer<User> | undefined;
  /** Says which user the request turned out to be from, for the log. */
  identify(user: Pick<User, 'id' | 'appId'>): void;
  /** The user of the token, or of the login. */
  identity(): Pick<User, 'id' | 'appId'> | undefined;
  /** What scope-auth found out for this request: see schema/scope-cache.ts. */
  scopeCache: unknown;
}

/** @internal */
export type CreateContext = (connection: Connection, headers: IncomingHttpHeaders) => Context;

/**
 * How the context of a request is created. The services are members of its prototype: copying them into each context, as
 * a spread does, takes 10 µs.
 * @internal
 */
export function contextFactory(services: CoreServices, ofModules: object = {}): CreateContext {
  const { log: appLog, wechat, ...shared } = services;

  class RequestContext implements Context {
    declare readonly apps: CoreServices['apps'];
    declare readonly decryptor: CoreServices['decryptor'];
    declare readonly repeats: CoreServices['repeats'];
    declare readonly users: CoreServices['users'];
    declare readonly tokens: CoreServices['tokens'];
    declare readonly readSession: CoreServices['readSession'];
    declare readonly limits: CoreServices['limits'];
    declare readonly metrics: CoreServices['metrics'];
    readonly connection: Connection;
    scopeCache: unknown = undefined;
    readonly #headers: IncomingHttpHeaders;
    #log: Log | undefined = undefined;
    #pending: Promise<Viewer<User>> | undefined = undefined;
    #known: Viewer<User> | undefined = undefined;
    #identity: Pick<User, 'id' | 'appId'> | undefined = undefined;

    constructor(connection: Connection, headers: IncomingHttpHeaders) {
      this.connection = connection;
      this.#headers = headers;
    }

    get log(): Log {
      this.#log ??= appLog.child({ requestId: this.connection.requestId });
      return this.#log;
    }

    get idempotencyKey(): string | null {
      return this.#headers['idempotency-key']?.toString() ?? null;
    }

    get wechat(): WeChatCalls {
      const traceparent = this.#headers.traceparent?.toString();
      return traceparent && traceIdOf(traceparent) ? wechat.tracedBy(traceparent) : wechat;
    }

    viewer(): Promise<Viewer<User>> {
      this.#pending ??= this.#authenticate();
      return this.#pending;
    }

    knownViewer(): Viewer<User> | undefined {
      return this.#known;
    }

    identify(user: Pick<User, 'id' | 'appId'>): void {
      this.#identity = user;
    }

    identity(): Pick<User, 'id' | 'appId'> | undefined {
      return this.#identity;
    }

    async #authenticate(): Promise<Viewer<User>> {
      this.#known = await readViewer(this.#headers.authorization, this.readSession, this.users.byId);
      if (this.#known.fault) this.metrics.tokenRefused(this.#known.fault);
      this.#identity ??= this.#known.user;
      return this.#known;
    }
  }

  Object.assign(RequestContext.prototype, shared, ofModules);
  return (connection, headers) => new RequestContext(connection, headers);
}

/** WeChat sets the Referer of a mini program. Others can send any. */
const REFERER = /^https:\/\/servicewechat\.com\/wx[0-9a-z]{1,30}\/([\w.-]{1,32})\/page-frame\.html$/;

/** @internal */
export function senderOf({ referer, traceparent }: IncomingHttpHeaders): Sender {
  return {
    build: REFERER.exec(referer ?? '')?.[1] ?? null,
    traceId: traceIdOf(traceparent?.toString() ?? null),
  };
}

/** Names that a service of a module cannot have. */
const MEMBERS: Readonly<Record<keyof Context, true>> = {
  apps: true,
  wechat: true,
  decryptor: true,
  repeats: true,
  users: true,
  tokens: true,
  readSession: true,
  limits: true,
  log: true,
  metrics: true,
  connection: true,
  viewer: true,
  idempotencyKey: true,
  knownViewer: true,
  identify: true,
  identity: true,
  scopeCache: true,
};

/** @internal */
export function isContextMember(name: string): boolean {
  return Object.hasOwn(MEMBERS, name) || name in Object.prototype;
}
