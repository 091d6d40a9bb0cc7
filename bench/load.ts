import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writeCode } from './codes.ts';
import { LOGIN_DOCUMENT, ME_DOCUMENT, NOTES_DOCUMENT } from './contract.ts';
import { pinned } from './cores.ts';

export type Operation = 'me' | 'login' | 'notes';

/** What one run of wrk measured. Times in microseconds. */
export type Load = z.infer<typeof loadSchema>;

const loadSchema = z.object({
  requests: z.number(),
  microseconds: z.number(),
  p50: z.number(),
  p99: z.number(),
  /** Responses with another status than 200, or with errors. */
  failures: z.number(),
  socketErrors: z.number(),
  /** Of wrk itself. */
  cpuSeconds: z.number(),
  /** The first failure. */
  example: z.string(),
});

export type LoadOptions = {
  port: number;
  operation: Operation;
  concurrency: number;
  seconds: number;
  /** A file with one token a line. */
  tokens: string;
  /** How many users log in, and how long WeChat takes for it. */
  users: number;
  delayMs: number;
};

const SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));
const run = promisify(execFile);

/** So that no code is sent twice in a run of the bench, however long it is. */
const SERIALS_PER_LOAD = 10_000_000;
let loads = 0;

export const ME_BODY = JSON.stringify({ query: ME_DOCUMENT });

export const NOTES_BODY = JSON.stringify({ query: NOTES_DOCUMENT });

export function loginBody(code: string): string {
  return JSON.stringify({ query: LOGIN_DOCUMENT, variables: { code } });
}

/** Sends requests for some seconds, on as many connections as the concurrency says, each waiting for its response. */
export async function load(options: LoadOptions): Promise<Load> {
  const { port, concurrency, seconds, operation } = options;
  const args = ['-t', '1', '-c', String(concurrency), '-d', `${seconds}s`, '--timeout', '10s', '-s', SCRIPT];
  const url = `http://127.0.0.1:${port}`;
  const [file, ...rest] = pinned('load', ['wrk', ...args, url, '--', ...scriptArguments(operation, options)]);
  const { stdout } = await run(file, rest);
  const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
  return loadSchema.parse(JSON.parse(line ?? 'null'));
}

function scriptArguments(operation: Operation, { tokens, users, delayMs }: LoadOptions): string[] {
  if (operation !== 'login') return [operation === 'me' ? ME_BODY : NOTES_BODY, 'me', tokens];
  const body = loginBody(writeCode({ delayMs: 0, user: 0, serial: 0 }));
  const serial = ++loads * SERIALS_PER_LOAD;
  return [body, 'login', String(users), String(delayMs), String(serial)];
}
