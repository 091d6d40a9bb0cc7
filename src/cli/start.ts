import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { withDevelopmentSecrets } from '../config/development-secrets.ts';
import type { Env } from '../config/environment.ts';
import { withSecretFiles } from '../config/secret-files.ts';
import { explainFailure } from './explain.ts';

/** Before the `.env` file is read: what the process was started with has priority. */
const ORIGINAL: Env = { ...process.env };

/**
 * The environment of this process, with the `.env` file, the files that contain secrets and, in development, generated
 * secrets. Reads the files again each time.
 * @throws {ConfigError}
 */
export function readEnv(): Env {
  return withDevelopmentSecrets(readGivenEnv());
}

/**
 * The environment without generated secrets. Writes no file.
 * @throws {ConfigError}
 */
export function readGivenEnv(): Env {
  const env = { ...readEnvFile(), ...ORIGINAL };
  // Packages read it. The rest of the file stays out of the environment, which worker processes inherit.
  if (env.NODE_ENV !== undefined) process.env.NODE_ENV = env.NODE_ENV;
  return withSecretFiles(env);
}

/** Empty if there is none. */
function readEnvFile(): Env {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch {
    return {};
  }
}

/**
 * Runs a command. A failure is printed with what to do about it, and sets exit code 1.
 * @param prefix of the variables of the host and port that the command listens on, such as `SANDBOX`
 */
export async function runOrExplain(command: () => Promise<void>, prefix = ''): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.stderr.write(`${explainFailure(error, prefix)}\n`);
    process.exitCode = 1;
  }
}
