import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Redacted at the top level and one level below. */
const SECRET_KEYS = ['authorization', 'token', 'secret', 'sessionKey', 'session_key', 'password', 'headers'];

/** @param destination standard output by default */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      serializers: { err: describeError },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), remove: true },
    },
    ...(destination ? [destination] : []),
  );
}

/** Errors whose messages never hold secrets: those of the engine, and our own. */
const SAFE_MESSAGES = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'WeChatError',
  'StorageError',
  'ConfigError',
]);

/**
 * What is logged of an error: name, code and stack frames. Other messages are omitted: Drizzle's hold parameters,
 * ofetch's the AppSecret and the code, JSON.parse's the input.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return {
    name: error.name,
    ...(SAFE_MESSAGES.has(error.name) ? { message: error.message } : {}),
    ...('code' in error ? { code: error.code } : {}),
    stack: frames?.map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
