import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from '../config/config-error.ts';
import { withDevelopmentSecrets } from '../config/development-secrets.ts';
import type { Env } from '../config/env.ts';
import { RELOADED_VARIABLES, withSecretFiles } from '../config/secret-files.ts';

export type EnvironmentSource = {
  /** The environment at the start: of the process, with the `.env` file and the files that contain secrets. */
  env: Env;
  /**
   * Reads these files again: the secrets that can be replaced, undefined if absent.
   * @throws {ConfigError} if a file that was there is missing
   */
  readSecrets(): Env;
};

/**
 * A worker gets its environment from the supervisor, so that the files are read at the same time for all.
 * @throws {ConfigError}
 */
export function openEnvironment(): EnvironmentSource {
  const given: Env = { ...process.env };
  if (cluster.isWorker) return { env: given, readSecrets: () => ({}) };
  const file = readEnvFile();
  const read = (values: Env | null) => withSecretFiles({ ...values, ...given });
  const env = read(file);
  // Packages read it.
  if (env.NODE_ENV !== undefined) process.env.NODE_ENV = env.NODE_ENV;
  return {
    env,
    readSecrets() {
      const again = readEnvFile();
      if (file && !again) throw new ConfigError(['the file .env is missing or cannot be read']);
      const values = read(again);
      return Object.fromEntries(RELOADED_VARIABLES.map((name) => [name, values[name]]));
    },
  };
}

/**
 * The environment of a command: in development, with generated secrets.
 * @throws {ConfigError}
 */
export function readEnv(): Env {
  return withDevelopmentSecrets(openEnvironment().env);
}

/** Null if there is none. */
function readEnvFile(): Env | null {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch {
    return null;
  }
}
