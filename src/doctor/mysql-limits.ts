import type { Config } from '../config/config.ts';
import { COUNTER_CONNECTIONS } from '../storage/counters.ts';
import type { Dialect } from '../storage/dialect.ts';
import { type Finding, ok, warning } from './findings.ts';

const CHECK = 'database-connections';

/** Compares the connections that this server may open with what the database accepts. */
export async function checkLimits(dialect: Dialect, config: Config): Promise<Finding[]> {
  const [[global = 0, user = 0] = []] = await dialect.execute(
    'SELECT @@global.max_connections, @@global.max_user_connections',
  );
  const limit = Math.min(Number(global), Number(user) || Number.POSITIVE_INFINITY);
  const needed = connectionsOf(config);
  const message = `this server opens up to ${needed} connections, and so does each replica; the database accepts ${limit}`;
  return [
    needed < limit
      ? ok(CHECK, message)
      : warning(CHECK, message, 'raise max_connections, or lower poolSize in DATABASE_URL, or WORKERS'),
  ];
}

function connectionsOf({ database, workers, rateLimitStore }: Config): number {
  const pool = database.dialect === 'mysql' ? database.poolSize : 0;
  return workers * (pool + (rateLimitStore === 'database' ? COUNTER_CONNECTIONS : 0));
}
