import { type DestinationStream, type Logger, pino } from 'pino';
import { standardOutput } from './log-output.ts';

export type Log = Logger;

/** Left out at the top level and one level below. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  'authorization',
  'token',
  'secret',
  'sessionKey',
  'session_key',
  'password',
  'headers',
]);

/** @param destination standard output by default */
export function createLog(level: string, destination: DestinationStream = standardOutput()): Log {
  return pino(
    {
      level,
      base: null,
      serializers: { err: describeError },
      formatters: { log: withoutSecrets, bindings: withoutSecrets },
    },
    destination,
  );
}

/** Without members named like secrets. pino's own redaction takes as long as the rest of a line. */
function withoutSecrets(line: Record<string, unknown>): Record<string, unknown> {
  for (const key in line) {
    if (!SECRET_KEYS.has(key) && !hasSecret(line[key]) && !isOtherError(key, line[key])) continue;
    const entries = publicEntries(line);
    return Object.fromEntries(
      entries.map(([name, value]) => [
        name,
        isOtherError(name, value)
          ? describeError(value)
          : hasSecret(value)
            ? Object.fromEntries(publicEntries(value))
            : value,
      ]),
    );
  }
  return line;
}

/** The serializer is for `err` only. */
function isOtherError(name: string, value: unknown): boolean {
  return value instanceof Error && name !== 'err';
}

/** Of errors describeError logs known members only. */
function hasSecret(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || value instanceof Error) return false;
  for (const key in value) if (SECRET_KEYS.has(key)) return true;
  return false;
}

function publicEntries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([name]) => !SECRET_KEYS.has(name));
}

/** Errors whose messages never hold secrets: those of the engine, and our own. */
const SAFE_MESSAGES = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'WeChatError',
  'StorageError',
  'ConfigError',
  'ModuleError',
  'MigrationError',
  'TransactionMisuse',
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
