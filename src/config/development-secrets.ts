import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, type Env } from './config.ts';

const FILE = 'secrets.json';
const kept = z.object({ JWT_SECRET: z.string(), SESSION_KEY_SECRET: z.string() });

/**
 * Outside production, secrets that are missing are made once and kept in a folder, so that tokens survive a
 * restart; several processes that start at once get the same.
 * @throws {ConfigError} when the file is there and can't be read: others in its place would end every session
 */
export function withDevelopmentSecrets(env: Env, folder = '.data'): Env {
  if (env.NODE_ENV === 'production' || (env.JWT_SECRET && env.SESSION_KEY_SECRET)) return env;
  return { ...env, ...made(folder, env) };
}

function made(folder: string, env: Env): Env {
  const secrets = read(folder) ?? make(folder);
  return {
    JWT_SECRET: env.JWT_SECRET || secrets.JWT_SECRET,
    SESSION_KEY_SECRET: env.SESSION_KEY_SECRET || secrets.SESSION_KEY_SECRET,
  };
}

function read(folder: string) {
  try {
    return kept.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    return null;
  }
}

function make(folder: string) {
  const secrets = { JWT_SECRET: secret(), SESSION_KEY_SECRET: secret() };
  const draft = join(folder, `${FILE}.${process.pid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  if (!attempt(() => linkSync(draft, join(folder, FILE))))
    attempt(() => copyFileSync(draft, join(folder, FILE), constants.COPYFILE_EXCL));
  rmSync(draft);
  const stored = read(folder);
  if (stored) return stored;
  throw new ConfigError([
    `${join(folder, FILE)} can't be read or is damaged: mend it, or delete it, which ends all sessions`,
  ]);
}

/** A link is whole at once, but not every disk has links; neither replaces what another process made first. */
function attempt(make: () => void): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}

function secret() {
  return randomBytes(48).toString('base64');
}
