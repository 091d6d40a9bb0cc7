import { z } from 'zod';
import { APP_ID } from '../common/identifiers.ts';
import { splitList } from '../common/lists.ts';
import { parseDatabaseUrl } from './database-url.ts';
import type { Env } from './env.ts';
import {
  APP_SECRET,
  flag,
  INVALID_APP_ID,
  INVALID_APP_SECRET,
  integer,
  MISSING_SECRET,
  oneOf,
  PLACEHOLDER,
  parseApps,
  parseKeys,
  parseOrigins,
  parsePushes,
  parseRedisUrl,
  parseRoles,
  parseSecrets,
  port,
  readDocuments,
  share,
  workerCount,
  workers,
} from './parsers.ts';

export const WECHAT_API_URL = 'https://api.weixin.qq.com';

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The variables, their valid values and defaults. Each message follows the name of the variable. */
export function environmentSchema(production: boolean) {
  return z.object({
    NODE_ENV: oneOf(['development', 'test', 'production']).default('development'),
    PORT: integer(0, 65_535, 4000),
    HOST: z.string().default(production ? '0.0.0.0' : '127.0.0.1'),
    DATABASE_URL: (production
      ? z.string(
          'is missing: set mysql://user:password@host:3306/database, or file:/path/to/file.db for one small server',
        )
      : z.string().default('file:.data/weapp-login.db')
    ).transform(parseDatabaseUrl),
    DATABASE_PASSWORD: z.string().optional(),
    DATABASE_TIMEOUT_MS: integer(100, 60_000, 5000),
    MIGRATE_ON_START: flag.default(!production),
    GRAPHIQL: flag.default(!production),
    INTROSPECTION: flag.optional(),
    PERSISTED_DOCUMENTS: z.string().transform(readDocuments).optional(),
    SESSION_KEY_SECRET: z.string(MISSING_SECRET).transform(parseSecrets),
    JWT_SECRET: z.string().transform(parseSecrets).optional(),
    JWT_PRIVATE_KEY: z.string().transform(parseKeys).optional(),
    TOKEN_TTL: integer(60, 30 * 86_400, 3600),
    SESSION_MAX_AGE: integer(60, 365 * 86_400, 30 * 86_400),
    WECHAT_APP_ID: z.string().regex(APP_ID, INVALID_APP_ID).optional(),
    WECHAT_APP_SECRET: z.string().regex(APP_SECRET, INVALID_APP_SECRET).optional(),
    WECHAT_APPS: z.string().default('').transform(parseApps),
    WECHAT_PUSH: z.string().default('').transform(parsePushes),
    WECHAT_API_URL: z
      .url({
        protocol: /^https?$/,
        error: `is not a URL: omit it to use ${WECHAT_API_URL}`,
      })
      .default(WECHAT_API_URL),
    SANDBOX_PORT: integer(0, 65_535, 4001),
    WECHAT_TIMEOUT_MS: integer(100, 60_000, 5000),
    WECHAT_MAX_CALLS: integer(1, 10_000, 100),
    LOGIN_REPEAT_SECONDS: integer(0, 300, 30),
    RATE_LIMIT_LOGINS_PER_ADDRESS: integer(0, 1_000_000, 300),
    RATE_LIMIT_LOGINS_PER_APP: integer(0, 100_000_000, 6000),
    RATE_LIMIT_FAILURES_PER_ADDRESS: integer(0, 1_000_000, 30),
    RATE_LIMIT_FAILURES_PER_NETWORK: integer(0, 1_000_000, 120),
    RATE_LIMIT_PHONES_PER_USER: integer(0, 1000, 10),
    RATE_LIMIT_STORE: oneOf(['memory', 'database']).default('memory'),
    ROLES: z.string().default('').transform(parseRoles),
    REDIS_URL: z.string().transform(parseRedisUrl).optional(),
    TRUST_PROXY: integer(0, 10, 0),
    CORS_ORIGINS: z.string().default('').transform(parseOrigins),
    WORKERS: workers(),
    SHUTDOWN_DELAY_MS: integer(0, 60_000, production ? 5000 : 0),
    MAX_REQUESTS_IN_FLIGHT: integer(1, 100_000, 1000),
    MAX_EVENT_LOOP_DELAY_MS: integer(10, 60_000, 200),
    REQUEST_TIMEOUT_MS: integer(100, 300_000, 30_000),
    LOG_LEVEL: oneOf(LOG_LEVELS).default(production ? 'info' : 'warn'),
    LOG_SAMPLE: share(),
    METRICS_PORT: port().optional(),
    METRICS_HOST: z.string().default('127.0.0.1'),
  });
}

/** Faults that involve several variables. */
export function findConflicts(env: Env, production: boolean): string[] {
  const { WECHAT_APP_ID: appId, WECHAT_APP_SECRET: secret, WECHAT_APPS: apps, JWT_SECRET: jwt } = env;
  const faults: string[] = [];
  if (!jwt && !env.JWT_PRIVATE_KEY) faults.push(`JWT_SECRET ${MISSING_SECRET}`);
  if (env.RATE_LIMIT_STORE === 'database' && !env.DATABASE_URL?.startsWith('mysql:'))
    faults.push('RATE_LIMIT_STORE=database needs MySQL: set DATABASE_URL to mysql://… or omit it');
  if (env.RATE_LIMIT_STORE === 'database' && env.REDIS_URL)
    faults.push(
      'RATE_LIMIT_STORE=database and REDIS_URL exclude one another: with Redis, omit RATE_LIMIT_STORE',
    );
  if (env.METRICS_PORT && env.METRICS_PORT !== '0' && env.METRICS_PORT === (env.PORT ?? '4000'))
    faults.push('METRICS_PORT is the same as PORT: use another one, which clients cannot reach');
  const isShared = workerCount(env.WORKERS) > 1;
  if (isShared && !env.DATABASE_URL?.startsWith('mysql:'))
    faults.push('WORKERS must be 1 with a file: one file serves one process. Set DATABASE_URL to mysql://…');
  if (isShared && !production && !appId && !apps && !env.WECHAT_API_URL)
    faults.push(
      'WORKERS must be 1 with the built-in sandbox, which is in one process: configure a mini program, or use the sandbox of `npm run sandbox`',
    );
  if (appId && !secret)
    faults.push('WECHAT_APP_SECRET is missing: set the AppSecret of the mini program in WECHAT_APP_ID');
  if (secret && !appId)
    faults.push('WECHAT_APP_ID is missing: set the AppID of the mini program with this WECHAT_APP_SECRET');
  if (production && !appId && !secret && !apps)
    faults.push(
      'WECHAT_APP_ID and WECHAT_APP_SECRET are missing: in production the sandbox never replaces WeChat',
    );
  if (production && secret && PLACEHOLDER.test(secret))
    faults.push(`WECHAT_APP_SECRET is a placeholder: ${INVALID_APP_SECRET}`);
  if (production && apps && PLACEHOLDER.test(apps))
    faults.push(
      'WECHAT_APPS contains a placeholder: copy each AppSecret from mp.weixin.qq.com, 开发管理, 开发设置',
    );
  const appIds = [...(appId ? [appId] : []), ...splitList(apps).map((pair) => pair.split(':', 1).join())];
  if (new Set(appIds).size < appIds.length)
    faults.push('WECHAT_APPS names a mini program twice: list each once, and not that of WECHAT_APP_ID');
  if (production && splitList(jwt).some((each) => splitList(env.SESSION_KEY_SECRET).includes(each)))
    faults.push(
      'SESSION_KEY_SECRET is the same as JWT_SECRET: use different secrets, so that a leak of one does not expose both',
    );
  return faults;
}
