import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { Env } from './env.ts';

const FOLDER = '.data';
const FILE = 'secrets.json';
/** Where they are stored, in the working directory. */
export const DEVELOPMENT_SECRETS = join(FOLDER, FILE);
const secretsSchema = z.object({ JWT_SECRET: z.string(), SESSION_KEY_SECRET: z.string() });

/**
 * Outside production, adds missing secrets. They are generated once and stored, so that tokens survive a restart and
 * processes that start at once share them.
 * @throws {ConfigError} if the file cannot be read: new secrets would end every session
 */
export function withDevelopmentSecrets(env: Env, folder = FOLDER): Env {
  if (env.NODE_ENV === 'production' || (env.JWT_SECRET && env.SESSION_KEY_SECRET)) return env;
  const secrets = readSecrets(folder) ?? createSecrets(folder);
  return {
    ...env,
    JWT_SECRET: env.JWT_SECRET || secrets.JWT_SECRET,
    SESSION_KEY_SECRET: env.SESSION_KEY_SECRET || secrets.SESSION_KEY_SECRET,
  };
}

/** Null if there are none, or the file is damaged. */
export function readSecrets(folder = FOLDER) {
  try {
    return secretsSchema.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    return null;
  }
}

function createSecrets(folder: string) {
  const secrets = { JWT_SECRET: randomSecret(), SESSION_KEY_SECRET: randomSecret() };
  const file = join(folder, FILE);
  const draft = `${file}.${process.pid}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  if (!succeeds(() => linkSync(draft, file)))
    succeeds(() => copyFileSync(draft, file, constants.COPYFILE_EXCL));
  rmSync(draft);
  const stored = readSecrets(folder);
  if (stored) return stored;
  throw new ConfigError([
    `${file} cannot be read or is damaged: repair it, or delete it, which ends all sessions`,
  ]);
}

/** A link is atomic, but some file systems have none. Neither link nor copy replaces the file of another process. */
function succeeds(write: () => void): boolean {
  try {
    write();
    return true;
  } catch {
    return false;
  }
}

function randomSecret() {
  return randomBytes(48).toString('base64');
}
