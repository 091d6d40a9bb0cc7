import { spawn } from 'node:child_process';
import { openSync, truncateSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/mariadb.ts';
import { pinned, type Role } from './cores.ts';

export type Program = {
  name: string;
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  role: Role;
  /** A file for what it prints, as a service manager keeps it. */
  log: string;
};

export type Running = {
  port: number;
  pid: number;
  /** Milliseconds from the start to the first response. */
  startMs: number;
  /** Empties the log. */
  clearLog(): void;
  stop(): Promise<void>;
};

const START_LIMIT_MS = 30_000;
const POLL_MS = 5;

/**
 * Starts a program on a free port and waits until it responds as wanted.
 * @param isReady whether it does; polled
 */
export async function launch(
  { name, command, cwd, env, role, log }: Program,
  isReady: (port: number) => Promise<boolean>,
): Promise<Running> {
  const port = await freePort();
  const output = openSync(log, 'a');
  const [file, ...args] = pinned(role, command);
  const began = performance.now();
  const child = spawn(file, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', PORT: String(port), ...env },
    stdio: ['ignore', output, output],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    const isOver = await Promise.race([ended.then(() => true), sleep(5000, false, { ref: false })]);
    if (!isOver) child.kill('SIGKILL');
    await ended;
  };
  const running = { port, pid: child.pid ?? 0, clearLog: () => truncateSync(log), stop };
  while (performance.now() < began + START_LIMIT_MS && child.exitCode === null) {
    if (await isReady(port)) return { ...running, startMs: performance.now() - began };
    await sleep(POLL_MS);
  }
  await stop();
  throw new Error(`${name} did not start: see ${log}`);
}

export type Reply = { status: number; body: unknown };

/** Sends a request as a mini program does. */
export function post(port: number, body: string, token?: string): Promise<Reply> {
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/graphql', method: 'POST', headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
