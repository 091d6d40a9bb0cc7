import type { KeyObject } from 'node:crypto';
import type { AdmissionOptions } from '../ops/admission.ts';
import type { RateLimitOptions } from '../ops/rate-limit.ts';
import type { DatabaseOptions } from '../storage/open.ts';
import type { WeChatApp } from '../wechat/client.ts';
import type { PushApp } from '../wechat/push-messages.ts';
import { ConfigError } from './config-error.ts';
import type { Env } from './env.ts';
import { environmentSchema, findConflicts, type LogLevel, WECHAT_API_URL } from './environment.ts';
import type { Secrets } from './parsers.ts';

/** All settings, by concern. docs/configuration.md and .env.example name the environment variables. */
export interface Config {
  mode: 'development' | 'test' | 'production';
  http: HttpOptions;
}

/**
 * What only the server itself reads.
 * @internal
 */
export interface Config {
  /** Processes that share the port. */
  workers: number;
  graphql: GraphQLOptions;
  database: DatabaseOptions;
  migrateOnStart: boolean;
  /** The first secret encrypts session_keys, all decrypt. */
  sessionKeySecrets: Secrets;
  wechat: {
    /** The first is the default of `login`. */
    apps: readonly [WeChatApp, ...WeChatApp[]];
    /** Use the built-in sandbox instead of `apiUrl`: no mini program and no WECHAT_API_URL is configured. */
    sandbox: boolean;
    apiUrl: string;
    /** The port of `npm run sandbox`. */
    sandboxPort: number;
    /** Milliseconds for one call to WeChat, including the response body. */
    timeoutMs: number;
    /** Calls to WeChat in flight at most; ten times as many may queue. */
    maxCalls: number;
    /** Milliseconds during which a login with the same Idempotency-Key returns the first result. */
    repeatMs: number;
    /** The mini programs whose pushes are accepted. */
    pushes: readonly PushApp[];
  };
  auth: {
    /** The first secret signs tokens unless there is a private key; all verify. */
    secrets: readonly string[];
    privateKeys: readonly KeyObject[];
    /** Seconds. */
    tokenTtl: number;
    /** Seconds after a login during which its tokens can be renewed. */
    sessionMaxAge: number;
  };
  rateLimits: RateLimitOptions;
  rateLimitStore: 'memory' | 'database';
  /** With user and password; undefined if replicas share nothing but the database. */
  redisUrl: string | undefined;
  overload: AdmissionOptions;
  /** Roles beside USER, ADMIN and those of modules. */
  roles: readonly string[];
  log: { level: LogLevel };
  /** Where metrics are served; undefined if they are off. */
  metrics: MetricsOptions | undefined;
}

export type HttpOptions = {
  host: string;
  /** 0 selects a free port. */
  port: number;
  /** Serve GraphiQL; `/` redirects to it. */
  graphiql: boolean;
  /**
   * GRAPHIQL=1: it is an error if the package of GraphiQL is not installed. By default it is left out then.
   * @internal
   */
  graphiqlRequired: boolean;
  /** The number of our own proxies that append to X-Forwarded-For; 0 ignores the header. */
  trustedProxies: number;
  /** Origins whose pages may read responses; `*` allows all. */
  corsOrigins: readonly string[];
  /** Milliseconds within which a request must arrive completely. */
  requestTimeoutMs: number;
  /** Milliseconds from SIGTERM during which requests are still accepted, while /ready responds 503. */
  shutdownDelayMs: number;
};

/**
 * Port 0 selects a free one.
 * @internal
 */
export type MetricsOptions = { host: string; port: number };

/** @internal */
export type GraphQLOptions = {
  introspection: boolean;
  /** Whether errors may suggest names ("Did you mean"). */
  suggestions: boolean;
  /** Whether GET may have a query; otherwise persisted documents only. */
  getQueries: boolean;
  /** Accept only these documents, by id; undefined accepts all. */
  documents: ReadonlyMap<string, string> | undefined;
  /** The share of operations without an error that are logged, from 0 to 1. */
  logSample: number;
};

/**
 * The variable ROLES alone, for commands that need no other.
 * @throws {ConfigError}
 */
export function readRoles({ ROLES }: Env): readonly string[] {
  const { data, error } = environmentSchema(false).shape.ROLES.safeParse(ROLES);
  if (data) return data;
  throw new ConfigError((error?.issues ?? []).map(({ message }) => `ROLES ${message}`));
}

/**
 * The mini program of the sandbox, used when none is configured.
 * @internal
 */
export const SANDBOX_APP: WeChatApp = {
  appId: 'wxsandbox0000000',
  secret: 'sandbox-secret-known-to-everyone',
};

/**
 * Parses the environment of the server.
 * @throws {ConfigError}
 */
export function readConfig(environment: Env): Config {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const production = env.NODE_ENV === 'production';
  const parsed = environmentSchema(production).safeParse(env);
  const faults = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`),
    ...findConflicts(env, production),
  ];
  const raw = parsed.data;
  if (!raw || faults.length > 0) throw new ConfigError(faults);

  const { WECHAT_APP_ID: appId, WECHAT_APP_SECRET: secret, WECHAT_APPS: otherApps } = raw;
  const [first = SANDBOX_APP, ...rest] = [...(appId && secret ? [{ appId, secret }] : []), ...otherApps];
  return {
    mode: raw.NODE_ENV,
    workers: raw.WORKERS,
    http: {
      host: raw.HOST,
      port: raw.PORT,
      graphiql: raw.GRAPHIQL,
      graphiqlRequired: raw.GRAPHIQL && env.GRAPHIQL !== undefined,
      trustedProxies: raw.TRUST_PROXY,
      corsOrigins: raw.CORS_ORIGINS,
      requestTimeoutMs: raw.REQUEST_TIMEOUT_MS,
      shutdownDelayMs: raw.SHUTDOWN_DELAY_MS,
    },
    graphql: {
      introspection: raw.INTROSPECTION ?? raw.GRAPHIQL,
      suggestions: !production,
      getQueries: !production,
      documents: raw.PERSISTED_DOCUMENTS,
      logSample: raw.LOG_SAMPLE,
    },
    database:
      raw.DATABASE_URL.dialect === 'mysql'
        ? {
            ...raw.DATABASE_URL,
            password: raw.DATABASE_PASSWORD ?? raw.DATABASE_URL.password,
            timeoutMs: raw.DATABASE_TIMEOUT_MS,
          }
        : raw.DATABASE_URL,
    migrateOnStart: raw.MIGRATE_ON_START,
    sessionKeySecrets: raw.SESSION_KEY_SECRET,
    wechat: {
      apps: [first, ...rest],
      sandbox: first === SANDBOX_APP && raw.WECHAT_API_URL === WECHAT_API_URL,
      apiUrl: raw.WECHAT_API_URL,
      sandboxPort: raw.SANDBOX_PORT,
      timeoutMs: raw.WECHAT_TIMEOUT_MS,
      maxCalls: raw.WECHAT_MAX_CALLS,
      repeatMs: raw.LOGIN_REPEAT_SECONDS * 1000,
      pushes: raw.WECHAT_PUSH,
    },
    auth: {
      secrets: raw.JWT_SECRET ?? [],
      privateKeys: raw.JWT_PRIVATE_KEY ?? [],
      tokenTtl: raw.TOKEN_TTL,
      sessionMaxAge: raw.SESSION_MAX_AGE,
    },
    rateLimits: {
      loginsPerAddress: raw.RATE_LIMIT_LOGINS_PER_ADDRESS,
      loginsPerApp: raw.RATE_LIMIT_LOGINS_PER_APP,
      failuresPerAddress: raw.RATE_LIMIT_FAILURES_PER_ADDRESS,
      failuresPerNetwork: raw.RATE_LIMIT_FAILURES_PER_NETWORK,
      phonesPerUser: raw.RATE_LIMIT_PHONES_PER_USER,
    },
    rateLimitStore: raw.RATE_LIMIT_STORE,
    redisUrl: raw.REDIS_URL,
    overload: { maxInFlight: raw.MAX_REQUESTS_IN_FLIGHT, maxDelayMs: raw.MAX_EVENT_LOOP_DELAY_MS },
    roles: raw.ROLES,
    log: { level: raw.LOG_LEVEL },
    metrics: raw.METRICS_PORT === undefined ? undefined : { host: raw.METRICS_HOST, port: raw.METRICS_PORT },
  };
}
