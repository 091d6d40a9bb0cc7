import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';
import type { Env } from './environment.ts';

/** Each can be in a file instead, as Docker and Kubernetes mount secrets: `JWT_SECRET_FILE=/run/secrets/jwt`. */
export const SECRET_VARIABLES = [
  'JWT_SECRET',
  'JWT_PRIVATE_KEY',
  'SESSION_KEY_SECRET',
  'WECHAT_APP_SECRET',
  'WECHAT_APPS',
  'DATABASE_PASSWORD',
  'REDIS_URL',
] as const;

/**
 * Adds the secrets that are in files, without the line end.
 * @throws {ConfigError} if a file cannot be read, or a secret is given twice
 */
export function withSecretFiles(env: Env): Env {
  const named = SECRET_VARIABLES.filter((name) => env[`${name}_FILE`]?.trim());
  const faults = named
    .filter((name) => env[name]?.trim())
    .map((name) => `${name} and ${name}_FILE exclude one another`);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    ...env,
    ...Object.fromEntries(named.map((name) => [name, readSecret(name, env[`${name}_FILE`] ?? '')])),
  };
}

function readSecret(name: string, path: string): string {
  try {
    return readFileSync(path.trim(), 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new ConfigError([`${name}_FILE cannot be read: name a file that this account may read`]);
  }
}
