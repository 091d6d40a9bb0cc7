import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Config, readConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { DEVELOPMENT_SECRETS, readSecrets } from '../config/development-secrets.ts';
import type { Env } from '../config/env.ts';
import { environmentSchema } from '../config/environment.ts';
import { isLoopback } from './addresses.ts';
import { type Finding, failed, ok, warning } from './findings.ts';

export type Configuration = { config?: Config; findings: Finding[] };

const CHECK = 'configuration';
/** Variables that begin so are ours, or misspelt. */
const OURS = /^(WECHAT|JWT|SESSION|RATE_LIMIT|TRUST|LOGIN|METRICS|REDIS|MAX|LOG)_/;

/** Reads the configuration as the server does, without generating secrets. */
export function examineConfiguration(env: Env): Configuration {
  try {
    const config = readConfig(withStandInSecrets(env));
    return {
      config,
      findings: [
        ok(CHECK, `valid, NODE_ENV is ${config.mode}`),
        ...checkMode(config),
        ...checkNames(env, config),
        ...checkDevelopmentSecrets(env),
      ],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { findings: error.faults.map((fault) => failed(CHECK, fault)) };
  }
}

/** In development the first start generates missing secrets: until then, values that are used for nothing replace them. */
function withStandInSecrets(env: Env): Env {
  if (env.NODE_ENV === 'production') return env;
  const stored = readSecrets();
  return {
    ...env,
    JWT_SECRET: env.JWT_SECRET || stored?.JWT_SECRET || standInSecret(),
    SESSION_KEY_SECRET: env.SESSION_KEY_SECRET || stored?.SESSION_KEY_SECRET || standInSecret(),
  };
}

function standInSecret(): string {
  return randomBytes(48).toString('base64');
}

function checkMode({ mode, wechat, http }: Config): Finding[] {
  if (mode === 'production' || wechat.sandbox || isLoopback(http.host)) return [];
  return [
    warning(
      CHECK,
      `the server accepts connections of other machines in ${mode} mode: GraphiQL is enabled, and secrets may be generated`,
      'set NODE_ENV=production',
    ),
  ];
}

function checkNames(env: Env, { mode }: Config): Finding[] {
  const known = Object.keys(environmentSchema(mode === 'production').shape);
  return Object.keys(env)
    .filter((name) => OURS.test(name) && !known.includes(name))
    .map((name) =>
      warning(
        CHECK,
        `${name} is not a variable of weapp-login`,
        'correct its name: see docs/configuration.md',
      ),
    );
}

function checkDevelopmentSecrets(env: Env): Finding[] {
  if (env.NODE_ENV === 'production' || (env.JWT_SECRET && env.SESSION_KEY_SECRET)) return [];
  if (readSecrets()) return [];
  if (!existsSync(DEVELOPMENT_SECRETS))
    return [ok(CHECK, `the first start generates the missing secrets in ${DEVELOPMENT_SECRETS}`)];
  return [
    failed(
      CHECK,
      `${DEVELOPMENT_SECRETS} cannot be read or is damaged`,
      'repair it, or delete it, which ends all sessions',
    ),
  ];
}
