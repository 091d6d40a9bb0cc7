import { ConfigError, type Env } from '../config.ts';
import { withDevelopmentSecrets } from '../development.ts';
import { StorageError } from '../storage/failures.ts';
import { FOREIGN_TABLES } from '../storage/migrations.ts';

/** The environment of this process, with what a `.env` file adds and what development makes up. */
export const readEnv = (): Env => {
  try {
    process.loadEnvFile();
  } catch {
    // No .env file.
  }
  return withDevelopmentSecrets(process.env);
};

/** Runs the start of a process; what stops it is told in words that say what to do, with exit code 1. */
export const startOrExplain = async (start: () => Promise<void>): Promise<void> => {
  try {
    await start();
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  }
};

const explain = (error: unknown): string => {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof StorageError) return explainStorage(error);
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return 'PORT is taken by another program: stop that one, or set PORT to a free port.';
  if (error instanceof Error && 'code' in error && error.code === 'EACCES')
    return 'PORT may not be used by this account: set PORT to 1024 or above.';
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure';
};

const explainStorage = ({ code, failure }: StorageError): string => {
  if (/ACCESS_DENIED/.test(code)) return `DATABASE_URL: the server refuses this user and password (${code}).`;
  if (/BAD_DB/.test(code))
    return `DATABASE_URL: the server has no such database (${code}): CREATE DATABASE it first.`;
  if (code === FOREIGN_TABLES)
    return 'DATABASE_URL: that database has a table `user` or `rate_limit` of another program. Nothing was changed; give weapp-login a database of its own.';
  if (code === 'MIGRATION_LEASE_HELD')
    return 'Another process has been changing the tables for two minutes: look whether it hangs.';
  if (failure === 'UNAVAILABLE')
    return `DATABASE_URL: the database can't be reached (${code}): is it running, are host and port right?`;
  return `The tables are missing, out of date or not ours (${code}): run \`npm run migrate\`, with a database of our own.`;
};
