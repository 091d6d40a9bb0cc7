import { ConfigError } from '../config/config-error.ts';
import { ModuleError } from '../errors/module-error.ts';
import { MigrationError } from '../storage/migration-files.ts';
import { FOREIGN_TABLES, LEASE_HELD } from '../storage/migrations.ts';
import { FILE_FAILURE, StorageError, TLS_FAILURE } from '../storage/storage-error.ts';

/**
 * Says what prevented the start, whose fault it is and what to do.
 * @param prefix of the variables of host and port, such as `SANDBOX` of SANDBOX_PORT
 */
export function explainFailure(error: unknown, prefix = ''): string {
  const [host, port] = ['HOST', 'PORT'].map((name) => (prefix ? `${prefix}_${name}` : name));
  if (error instanceof ConfigError || error instanceof ModuleError || error instanceof MigrationError)
    return error.message;
  if (error instanceof StorageError) return explainStorage(error);
  if (error instanceof Error && 'syscall' in error && 'code' in error) {
    if (error.code === 'EADDRINUSE')
      return `${port} is used by another program: stop it, or set ${port} to a free port.`;
    if (error.code === 'EACCES' && error.syscall === 'listen')
      return `${port} is not permitted for this account: set it to 1024 or above.`;
    if (error.syscall === 'listen' || error.syscall === 'getaddrinfo')
      return `${host} is not an address of this machine (${error.code}): set 127.0.0.1 for local access only, 0.0.0.0 for all addresses.`;
  }
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure';
}

function explainStorage({ code, failure }: StorageError): string {
  if (code === 'ER_ACCESS_DENIED_ERROR')
    return `DATABASE_URL: the server rejected this user and password (${code}).`;
  if (/ACCESS_DENIED/.test(code))
    return `DATABASE_URL: this user lacks privileges on the database (${code}): GRANT ALL on it.`;
  if (/BAD_DB/.test(code)) return `DATABASE_URL: the database does not exist (${code}): CREATE DATABASE it.`;
  if (code === FOREIGN_TABLES)
    return 'DATABASE_URL: the database has a table `user`, `rate_limit` or `user_tombstone` of another program. Nothing was changed; use a separate database for weapp-login.';
  if (code === LEASE_HELD)
    return 'Another process has been migrating the tables for two minutes: check whether it hangs.';
  if (TLS_FAILURE.test(code))
    return `DATABASE_URL: the TLS connection failed (${code}): ssl=1 needs a server with TLS and a valid certificate for its host name.`;
  if (code === 'SQLITE_NOTADB')
    return `DATABASE_URL: the file is not a database (${code}): name another, or a new one.`;
  if (FILE_FAILURE.test(code))
    return `DATABASE_URL: the file or its folder cannot be used by this account (${code}): name a file that it may create and write.`;
  if (failure === 'UNAVAILABLE')
    return `DATABASE_URL: the database cannot be reached (${code}): is it running, and are host and port correct?`;
  return `The tables are missing, outdated or of another program (${code}): run \`npm run migrate\` (or \`npx weapp-login migrate\`; with modules the command \`migrate\` of your own entry), with a database for weapp-login only.`;
}
