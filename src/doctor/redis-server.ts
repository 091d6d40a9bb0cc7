import { Redis } from 'ioredis';
import type { Subject } from './check.ts';
import { type Finding, failed, ok, warning } from './findings.ts';

const CHECK = 'redis';
const TIMEOUT_MS = 3000;

/** Connects once, and reads what decides whether a restart of Redis loses outcomes of logins. */
export async function checkRedis({ config: { redisUrl, workers } }: Subject): Promise<Finding[]> {
  if (redisUrl === undefined) return workers > 1 ? [withoutRedis(workers)] : [];
  const { host } = new URL(redisUrl);
  const client = new Redis(redisUrl, {
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  const errors: Error[] = [];
  client.on('error', (error: Error) => errors.push(error));
  try {
    await client.connect();
    const info = await client.info();
    return [
      ok(CHECK, `Redis ${fieldOf(info, 'redis_version')} at ${host}`),
      await checkPersistence(client, info),
    ];
  } catch (error) {
    const [first = error] = errors;
    return [failed(CHECK, `${host}: ${reasonOf(first)}`, remedyOf(reasonOf(first)))];
  } finally {
    client.disconnect();
  }
}

function withoutRedis(workers: number): Finding {
  return warning(
    CHECK,
    `WORKERS=${workers} without REDIS_URL: each process counts rate limits alone, and a repeated login that reaches another one fails`,
    'set REDIS_URL, or WORKERS=1',
  );
}

/** Redis 7 saves by default when it is stopped; `save ""` turns that off. */
async function checkPersistence(client: Redis, info: string): Promise<Finding> {
  if (fieldOf(info, 'loading') === '1')
    return warning(CHECK, 'it is loading its data', 'wait: until then each process counts alone');
  const save = await client.config('GET', 'save').catch(() => null);
  const isLost = Array.isArray(save) && save[1] === '' && fieldOf(info, 'aof_enabled') !== '1';
  if (!isLost) return ok(CHECK, 'it responds');
  return warning(
    CHECK,
    'it loses its data when it restarts: rate limits begin again, and logins that were just repeated fail',
    'set appendonly yes, or a save line, in redis.conf',
  );
}

function fieldOf(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? 'of an unknown version';
}

/** Messages of Redis can hold the command, so only their first word is printed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^[A-Z]{4,}/.exec(error.message)?.[0] ?? error.message.split(/[.:]/, 1).join();
}

function remedyOf(reason: string): string {
  if (reason === 'NOAUTH') return 'Redis wants a password: write redis://:password@host:6379';
  if (reason === 'WRONGPASS')
    return 'correct user and password in REDIS_URL, and percent-encode their special characters';
  if (reason === 'NOPERM') return 'allow this user SET, GET, EVAL, INCR, PTTL, EXPIRE and INFO';
  return 'start Redis, and check host, port and firewall; rediss:// needs a Redis with TLS';
}
