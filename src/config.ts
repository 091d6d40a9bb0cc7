import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readPrivateKeys } from './auth/keys.ts';
import type { RateLimitOptions } from './ops/rate-limit.ts';
import type { DatabaseOptions } from './storage/open.ts';
import type { WeChatApp } from './wechat/client.ts';
import type { PushApp } from './wechat/push.ts';

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

export type Secrets = readonly [string, ...string[]];

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
const MIN_SECRET_BYTES = 32;
const MIN_SECRET_VARIETY = 10;
const PLACEHOLDER =
  /change[-_ ]?(me|this)|replace[-_ ]?(me|this)|your[-_ ]|placeholder|example|known-to-everyone/i;

/**
 * Reads the environment, once; nobody else does.
 * @throws {ConfigError}
 */
export const readConfig = (env: Env): Config => {
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
};

/** The variables, what each may hold, and the remedy that its fault is reported with. */
const variables = (production: boolean) =>
  z.object({
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

const NO_SECRET =
  'is missing: set 32 random bytes or more, such as `openssl rand -base64 48` prints, and keep them: a new one ends what the old one protects';
const APP_ID = /^wx\w{4,62}$/;
const NO_APP_ID =
  'is not an AppID such as wx4f4bc4dec97d474b: copy it from mp.weixin.qq.com, 开发管理, 开发设置';
const APP_SECRET = /^[\w-]{16,128}$/;
const NO_APP_SECRET =
  'is not an AppSecret (32 letters and digits): copy it from mp.weixin.qq.com, 开发管理, 开发设置';

/** Faults that lie between variables. */
const conflicts = (given: Env, production: boolean): string[] => {
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
  if (production && jwt && jwt === given.SESSION_KEY_SECRET)
    faults.push(
      'SESSION_KEY_SECRET is the same as JWT_SECRET: give each its own, so that one leak opens one door',
    );
  return faults;
};

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

const integer = (min: number, max: number, fallback: number) => {
  const fault = `must be a whole number from ${min} to ${max}; leave it out for ${fallback}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, fault)
    .transform(Number)
    .refine((value) => value >= min && value <= max, fault)
    .default(fallback);
};

const flag = oneOf(['0', '1']).transform((value) => value === '1');

type Place = Sqlite | Omit<Mysql, 'timeoutMs'>;
type Sqlite = Extract<DatabaseOptions, { dialect: 'sqlite' }>;
type Mysql = Extract<DatabaseOptions, { dialect: 'mysql' }>;
type Fault = z.core.$RefinementCtx<string>;

const refuse = (context: Fault, message: string): never => {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
};

const readSecrets = (text: string, context: Fault): Secrets => {
  const [first = '', ...rest] = text.split(',').map((secret) => secret.trim());
  const secrets: Secrets = [first, ...rest];
  secrets.forEach((secret, i) => {
    const which = rest.length > 0 ? ` (number ${i + 1} of the list)` : '';
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
      refuse(
        context,
        `is too short${which}: it needs ${MIN_SECRET_BYTES} bytes or more, such as \`openssl rand -base64 48\` prints`,
      );
    else if (PLACEHOLDER.test(secret) || new Set(secret).size < MIN_SECRET_VARIETY)
      refuse(
        context,
        `is a placeholder or can be guessed${which}: put random bytes there, such as \`openssl rand -base64 48\` prints`,
      );
  });
  return secrets;
};

const readOrigins = (text: string, context: Fault): string[] => {
  const origins = text.split(',').flatMap((each) => each.trim() || []);
  const wrong = origins.find((origin) => origin !== '*' && !isOrigin(origin));
  if (wrong === undefined) return origins;
  return refuse(
    context,
    'must list origins as browsers send them, such as https://admin.example.com,http://localhost:8080 (no path, no slash at the end), or be *',
  );
};

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

const readDocuments = (path: string, context: Fault): ReadonlyMap<string, string> => {
  try {
    const documents = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, 'utf8')));
    return new Map(Object.entries(documents));
  } catch {
    return refuse(context, 'names no readable JSON file of the form {"document id": "query text"}');
  }
};

const readKeys = (text: string, context: Fault): KeyObject[] => {
  try {
    return readPrivateKeys(text);
  } catch (error) {
    return refuse(
      context,
      `${error instanceof TypeError ? error.message : 'is wrong'}: set a PEM as \`openssl genpkey -algorithm ed25519\` prints (or RSA of 2048 bits or more), line ends as \\n where it must be one line`,
    );
  }
};

const readApps = (text: string, context: Fault): WeChatApp[] => {
  const apps = text.split(',').flatMap((pair): WeChatApp[] => {
    const [appId = '', secret = ''] = pair.split(':').map((part) => part.trim());
    return pair.trim() === '' ? [] : [{ appId, secret }];
  });
  if (!apps.every(({ appId, secret }) => APP_ID.test(appId) && APP_SECRET.test(secret)))
    return refuse(context, 'must read appid:secret,appid:secret, with AppIDs such as wx4f4bc4dec97d474b');
  return apps;
};

const readPushes = (text: string, context: Fault): PushApp[] => {
  const apps = text.split(',').flatMap((entry): PushApp[] => {
    const [appId = '', token = '', aesKey] = entry.split(':').map((part) => part.trim());
    return entry.trim() === '' ? [] : [{ appId, token, aesKey }];
  });
  const right = ({ appId, token, aesKey = 'A'.repeat(43) }: PushApp) =>
    APP_ID.test(appId) && /^[A-Za-z0-9]{3,32}$/.test(token) && /^[A-Za-z0-9]{43}$/.test(aesKey);
  if (!apps.every(right))
    return refuse(
      context,
      'must read appid:token:EncodingAESKey,appid:token:EncodingAESKey, as set at mp.weixin.qq.com, 消息推送',
    );
  return apps;
};

/** Where the database is; the deadline has a variable of its own. */
const readDatabaseUrl = (text: string, context: Fault): Place => {
  if (text.startsWith('file:'))
    return { dialect: 'sqlite', path: text.slice('file:'.length).replace(/^\/\/(?=\/)/, '') };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'mysql:')
    return refuse(
      context,
      'must begin with mysql:// (mysql://user:password@host:3306/database) or file: (file:.data/my.db)',
    );
  const { ssl, socketPath, poolSize, ...unknown } = Object.fromEntries(url.searchParams);
  const [stranger] = Object.keys(unknown);
  if (stranger)
    return refuse(
      context,
      `has the unknown option ${stranger}: it takes ssl=1, poolSize=10 and socketPath=/path/to/mysqld.sock`,
    );
  const database = decodeURIComponent(url.pathname.slice(1));
  if (!database) return refuse(context, 'names no database: mysql://user:password@host:3306/database');
  return {
    dialect: 'mysql',
    host: decodeURIComponent(url.hostname.replace(/^\[|\]$/g, '')),
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    socketPath,
    ssl: ssl === '1' || ssl === 'true',
    poolSize: Number(poolSize) || 10,
  };
};

const withDeadline = (place: Place, timeoutMs: number): DatabaseOptions =>
  place.dialect === 'mysql' ? { ...place, timeoutMs } : place;
