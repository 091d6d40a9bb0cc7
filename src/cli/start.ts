import { ConfigError, type Env } from '../config/config.ts';
import { withDevelopmentSecrets } from '../config/development-secrets.ts';
import { FOREIGN_TABLES } from '../storage/migrations.ts';
import { NO_FILE, StorageError, TLS } from '../storage/storage-error.ts';

/** The environment of this process, with what a `.env` file adds and what development makes up. */
export function readEnv(): Env {
  try {
    process.loadEnvFile();
  } catch {
    // No .env file.
  }
  return withDevelopmentSecrets(process.env);
}

/**
 * Runs the start of a process; what stops it is told in words that say what to do, with exit code 1.
 * @param portName the variable that its port comes from
 */
export async function startOrExplain(start: () => Promise<void>, portName = 'PORT'): Promise<void> {
  try {
    await start();
  } catch (error) {
    process.stderr.write(`${explain(error, portName)}\n`);
    process.exitCode = 1;
  }
}

function explain(error: unknown, portName: string): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof StorageError) return explainStorage(error);
  if (error instanceof Error && 'syscall' in error && 'code' in error) {
    if (error.code === 'EADDRINUSE')
      return `${portName} is taken by another program: stop that one, or set ${portName} to a free port.`;
    if (error.code === 'EACCES' && error.syscall === 'listen')
      return `${portName} may not be used by this account: set it to 1024 or above.`;
    if (error.syscall === 'listen' || error.syscall === 'getaddrinfo')
      return `HOST is no address of this machine (${error.code}): set 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses.`;
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure';
}

function explainStorage({ code, failure }: StorageError): string {
  if (code === 'ER_ACCESS_DENIED_ERROR')
    return `DATABASE_URL: the server refuses this user and password (${code}).`;
  if (/ACCESS_DENIED/.test(code))
    return `DATABASE_URL: this user lacks rights on that database (${code}): GRANT it all on the database.`;
  if (/BAD_DB/.test(code))
    return `DATABASE_URL: the server has no such database (${code}): CREATE DATABASE it first.`;
  if (code === FOREIGN_TABLES)
    return 'DATABASE_URL: that database has a table `user` or `rate_limit` of another program. Nothing was changed; give weapp-login a database of its own.';
  if (code === 'MIGRATION_LEASE_HELD')
    return 'Another process has been changing the tables for two minutes: look whether it hangs.';
  if (TLS.test(code))
    return `DATABASE_URL: there is no TLS with that server (${code}): with ssl=1 it must speak TLS, with a certificate that is good for its host name.`;
  if (code === 'SQLITE_NOTADB')
    return `DATABASE_URL: that file is no database (${code}): name another, or one that is not there yet.`;
  if (NO_FILE.test(code))
    return `DATABASE_URL: the file or its folder can't be used by this account (${code}): name a file that it may make and write.`;
  if (failure === 'UNAVAILABLE')
    return `DATABASE_URL: the database can't be reached (${code}): is it running, are host and port right?`;
  return `The tables are missing, out of date or not ours (${code}): run \`npm run migrate\`, with a database of our own.`;
}
