import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { RateLimitOptions } from '../ops/rate-limit.ts';
import type { DatabaseOptions } from '../storage/open.ts';
import type { WeChatApp } from '../wechat/client.ts';
import type { PushApp } from '../wechat/push-messages.ts';
import {
  APP_ID,
  APP_SECRET,
  flag,
  integer,
  NO_APP_ID,
  NO_APP_SECRET,
  NO_SECRET,
  oneOf,
  PLACEHOLDER,
  readApps,
  readDatabaseUrl,
  readDocuments,
  readKeys,
  readOrigins,
  readPushes,
  readSecrets,
  type Secrets,
  withDeadline,
} from './parsers.ts';

/** Everything that an operator decides, by concern. docs/configuration.md and .env.example name the variables. */
export type Config = {
  mode: 'development' | 'test' | 'production';
  http: HttpOptions;
  graphql: {
    introspection: boolean;
    /** Whether errors say "Did you mean". */
    suggestions: boolean;
    /** The only documents that are taken, by their ids; undefined takes all. */
    documents: ReadonlyMap<string, string> | undefined;
  };
  database: DatabaseOptions;
  migrateOnStart: boolean;
  /** The first secret seals session_keys, all of them open. */
  sessionKeySecrets: Secrets;
  wechat: {
    /** The first is the default of `login`. */
    apps: readonly [WeChatApp, ...WeChatApp[]];
    /** The sandbox stands in for WeChat: its apiUrl is not used. */
    sandbox: boolean;
    apiUrl: string;
    /** Milliseconds for one call to WeChat, body included. */
    timeoutMs: number;
    /** Calls to WeChat in flight at most; ten times as many wait for their turn. */
    maxCalls: number;
    /** Milliseconds within which a repeat with the same Idempotency-Key gets the answer of the first. */
    repeatMs: number;
    /** The mini programs that take pushes of WeChat. */
    pushes: readonly PushApp[];
  };
  /**
   * The first private key signs tokens, or the first secret where there is none; all of them verify. A token lives
   * `tokenTtl` seconds and can be renewed until `sessionMaxAge` seconds after the login.
   */
  auth: {
    secrets: readonly string[];
    privateKeys: readonly KeyObject[];
    tokenTtl: number;
    sessionMaxAge: number;
  };
  rateLimits: RateLimitOptions;
  rateLimitStore: 'memory' | 'database';
  log: { level: (typeof LEVELS)[number] };
};

export type HttpOptions = {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** GraphiQL is served, and the root leads to it. */
  graphiql: boolean;
  /** How many proxies of ours a request passes, each of which adds to X-Forwarded-For; 0: the header means nothing. */
  trustedProxies?: number;
  /** Origins whose pages may read answers; `*` stands for all. */
  corsOrigins?: readonly string[];
  /** Milliseconds in which a request must have arrived whole. */
  requestTimeoutMs?: number;
};

/** Every fault of the environment at once, each with the variable, what is wrong and how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}

/** Process environment: names to texts. An empty text counts as absent. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The app of the sandbox, where no mini program is configured. */
export const SANDBOX_APP: WeChatApp = {
  appId: 'wxsandbox0000000',
  secret: 'sandbox-secret-known-to-everyone',
};

const LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
/**
 * Reads the environment, once; nobody else does.
 * @throws {ConfigError}
 */
export function readConfig(env: Env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const production = given.NODE_ENV === 'production';
  const parsed = variables(production).safeParse(given);
  const faults = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`),
    ...conflicts(given, production),
  ];
  const raw = parsed.data;
  if (!raw || faults.length > 0) throw new ConfigError(faults);

  const { WECHAT_APP_ID: appId, WECHAT_APP_SECRET: secret, WECHAT_APPS: more } = raw;
  const [first = SANDBOX_APP, ...others] = [...(appId && secret ? [{ appId, secret }] : []), ...more];
  return {
    mode: raw.NODE_ENV,
    http: {
      host: raw.HOST,
      port: raw.PORT,
      graphiql: raw.GRAPHIQL,
      trustedProxies: raw.TRUST_PROXY,
      corsOrigins: raw.CORS_ORIGINS,
      requestTimeoutMs: raw.REQUEST_TIMEOUT_MS,
    },
    graphql: {
      introspection: raw.INTROSPECTION ?? raw.GRAPHIQL,
      suggestions: !production,
      documents: raw.PERSISTED_DOCUMENTS,
    },
    database: withDeadline(raw.DATABASE_URL, raw.DATABASE_TIMEOUT_MS),
    migrateOnStart: raw.MIGRATE_ON_START,
    sessionKeySecrets: raw.SESSION_KEY_SECRET,
    wechat: {
      apps: [first, ...others],
      sandbox: first === SANDBOX_APP,
      apiUrl: raw.WECHAT_API_URL,
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
      phonesPerUser: raw.RATE_LIMIT_PHONES_PER_USER,
    },
    rateLimitStore: raw.RATE_LIMIT_STORE,
    log: { level: raw.LOG_LEVEL },
  };
}

/** The variables, what each may hold, and the remedy that its fault is reported with. */
function variables(production: boolean) {
  return z.object({
    NODE_ENV: oneOf(['development', 'test', 'production']).default('development'),
    PORT: integer(0, 65_535, 4000),
    HOST: z.string().default(production ? '0.0.0.0' : '127.0.0.1'),
    DATABASE_URL: (production
      ? z.string(
          'is missing: set mysql://user:password@host:3306/database, or file:/path/to/file.db for one small server',
        )
      : z.string().default('file:.data/weapp-login.db')
    ).transform(readDatabaseUrl),
    DATABASE_TIMEOUT_MS: integer(100, 60_000, 5000),
    MIGRATE_ON_START: flag.default(!production),
    GRAPHIQL: flag.default(!production),
    INTROSPECTION: flag.optional(),
    PERSISTED_DOCUMENTS: z.string().transform(readDocuments).optional(),
    SESSION_KEY_SECRET: z.string(NO_SECRET).transform(readSecrets),
    JWT_SECRET: z.string().transform(readSecrets).optional(),
    JWT_PRIVATE_KEY: z.string().transform(readKeys).optional(),
    TOKEN_TTL: integer(60, 30 * 86_400, 3600),
    SESSION_MAX_AGE: integer(60, 365 * 86_400, 30 * 86_400),
    WECHAT_APP_ID: z.string().regex(APP_ID, NO_APP_ID).optional(),
    WECHAT_APP_SECRET: z.string().regex(APP_SECRET, NO_APP_SECRET).optional(),
    WECHAT_APPS: z.string().default('').transform(readApps),
    WECHAT_PUSH: z.string().default('').transform(readPushes),
    WECHAT_API_URL: z
      .url({ protocol: /^https?$/, error: 'is not a URL: leave it out for https://api.weixin.qq.com' })
      .default('https://api.weixin.qq.com'),
    WECHAT_TIMEOUT_MS: integer(100, 60_000, 5000),
    WECHAT_MAX_CALLS: integer(1, 10_000, 100),
    LOGIN_REPEAT_SECONDS: integer(0, 300, 30),
    RATE_LIMIT_LOGINS_PER_ADDRESS: integer(0, 1_000_000, 300),
    RATE_LIMIT_LOGINS_PER_APP: integer(0, 100_000_000, 6000),
    RATE_LIMIT_PHONES_PER_USER: integer(0, 1000, 10),
    RATE_LIMIT_STORE: oneOf(['memory', 'database']).default('memory'),
    TRUST_PROXY: integer(0, 10, 0),
    CORS_ORIGINS: z.string().default('').transform(readOrigins),
    REQUEST_TIMEOUT_MS: integer(100, 300_000, 30_000),
    LOG_LEVEL: oneOf(LEVELS).default(production ? 'info' : 'warn'),
  });
}

/** Faults that lie between variables. */
function conflicts(given: Env, production: boolean): string[] {
  const { WECHAT_APP_ID: appId, WECHAT_APP_SECRET: secret, WECHAT_APPS: apps, JWT_SECRET: jwt } = given;
  const faults: string[] = [];
  if (!jwt && !given.JWT_PRIVATE_KEY) faults.push(`JWT_SECRET ${NO_SECRET}`);
  if (given.RATE_LIMIT_STORE === 'database' && !given.DATABASE_URL?.startsWith('mysql:'))
    faults.push('RATE_LIMIT_STORE=database needs MySQL: set DATABASE_URL to mysql://… or leave it out');
  if (appId && !secret)
    faults.push('WECHAT_APP_SECRET is missing: WECHAT_APP_ID needs the AppSecret of that mini program');
  if (secret && !appId)
    faults.push('WECHAT_APP_ID is missing: WECHAT_APP_SECRET needs the AppID of that mini program');
  if (production && !appId && !secret && !apps)
    faults.push(
      'WECHAT_APP_ID and WECHAT_APP_SECRET are missing: the sandbox never stands in for WeChat in production',
    );
  if (production && secret && PLACEHOLDER.test(secret))
    faults.push(`WECHAT_APP_SECRET is a placeholder: ${NO_APP_SECRET}`);
  if (production && apps && PLACEHOLDER.test(apps))
    faults.push(
      `WECHAT_APPS has a placeholder: each AppSecret is copied from mp.weixin.qq.com, 开发管理, 开发设置`,
    );
  const ids = [...(appId ? [appId] : []), ...listOf(apps).map((pair) => pair.split(':', 1).join())];
  if (new Set(ids).size < ids.length)
    faults.push('WECHAT_APPS names a mini program twice: name each once, also that of WECHAT_APP_ID');
  if (production && listOf(jwt).some((each) => listOf(given.SESSION_KEY_SECRET).includes(each)))
    faults.push(
      'SESSION_KEY_SECRET is the same as JWT_SECRET: give each its own, so that one leak opens one door',
    );
  return faults;
}

function listOf(text = ''): string[] {
  return text.split(',').flatMap((each) => each.trim() || []);
}
