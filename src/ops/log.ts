import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Keys whose values never reach the log, at the top and one level below. */
const SECRET_KEYS = ['authorization', 'token', 'secret', 'sessionKey', 'session_key', 'password', 'headers'];

/** @param destination standard output unless given */
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

/** Errors whose message is known to be free of secrets: the engine's own, and ours. */
const SPEAKING = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'WeChatError',
  'StorageError',
  'ConfigError',
]);

/**
 * What may be said of an error: its name, code and stack frames. Messages of others are left out, for those of
 * Drizzle hold parameters, those of ofetch the AppSecret and the code, and those of JSON.parse the input.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return {
    name: error.name,
    ...(SPEAKING.has(error.name) ? { message: error.message } : {}),
    ...('code' in error ? { code: error.code } : {}),
    stack: frames?.map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
