import { withDevelopmentSecrets } from '../config/development-secrets.ts';
import type { Env } from '../config/environment.ts';
import { explainFailure } from './explain.ts';

/** The environment of this process, with the `.env` file and, in development, generated secrets. */
export function readEnv(): Env {
  return withDevelopmentSecrets(readGivenEnv());
}

/** The environment without generated secrets. Writes no file. */
export function readGivenEnv(): Env {
  try {
    process.loadEnvFile();
  } catch {
    // There is no .env file.
  }
  return process.env;
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
