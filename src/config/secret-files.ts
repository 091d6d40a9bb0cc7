import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';
import type { Env } from './env.ts';

/** What SIGHUP reads again. */
export const RELOADED_VARIABLES = [
  'JWT_SECRET',
  'JWT_PRIVATE_KEY',
  'SESSION_KEY_SECRET',
  'WECHAT_APP_SECRET',
  'WECHAT_APPS',
] as const;

/** Each can be in a file instead, as Docker and Kubernetes mount secrets: `JWT_SECRET_FILE=/run/secrets/jwt`. */
const SECRET_VARIABLES = [
  ...RELOADED_VARIABLES,
  'WECHAT_PUSH',
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'REDIS_URL',
] as const;

/**
 * Adds the secrets that are in files, without the line end, and removes the names of the files.
 * @throws {ConfigError} if a file is empty or cannot be read, or a secret is given twice
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
    ...Object.fromEntries(named.map((name) => [`${name}_FILE`, undefined])),
  };
}

function readSecret(name: string, path: string): string {
  const text = readText(path.trim());
  if (text === null)
    throw new ConfigError([`${name}_FILE cannot be read: name a file that this account may read`]);
  if (text.trim() === '') throw new ConfigError([`${name}_FILE names an empty file`]);
  return text.replace(/\r?\n$/, '');
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
