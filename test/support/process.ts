import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A process of the product, started as `npm start` starts it, in an empty folder of its own. */
export type Running = {
  child: ChildProcess;
  folder: string;
  /** Everything that it printed so far. */
  printed(): string;
  exited: Promise<number | null>;
  /** The address of the API, once it listens. */
  origin: Promise<string>;
};

/** What it printed is searched for secrets after the tests. */
const OUTPUT = resolve('.test-output');
mkdirSync(OUTPUT, { recursive: true });

/** @param folder where an earlier process ran, to find what that one left */
export function run(
  env: Record<string, string>,
  folder = mkdtempSync(join(tmpdir(), 'weapp-login-run-')),
  command = 'start',
  { detached = false, args = [] }: { detached?: boolean; args?: readonly string[] } = {},
): Running {
  const loader = resolve('node_modules/tsx/dist/loader.mjs');
  const line = [process.execPath, '--import', loader, resolve('src/main.ts'), command, ...args];
  return start(line, { folder, env, detached });
}

/** Starts a program that runs the product. */
export function start(
  [command = '', ...args]: readonly string[],
  {
    folder,
    env = {},
    detached = false,
  }: { folder: string; env?: Record<string, string>; detached?: boolean },
): Running {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, { cwd: folder, env: { PATH, HOME, PORT: '0', ...env }, detached });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const exited = new Promise<number | null>((done) => child.once('close', done));
  exited.then(() => writeFileSync(join(OUTPUT, `process-${child.pid}.txt`), text));
  const origin = new Promise<string>((done, fail) => {
    const look = setInterval(() => {
      const port = /localhost:(\d+)\/graphql|"port":(\d+)/.exec(text);
      if (port) done(`http://127.0.0.1:${port[1] ?? port[2]}`);
      if (port || child.exitCode !== null) clearInterval(look);
    }, 20);
    exited.then(() => fail(new Error(`the process ended: ${text}`)));
  });
  origin.catch(() => undefined);
  return { child, folder, printed: () => text, exited, origin };
}

export async function post(origin: string, query: string, token?: string) {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query }),
  });
  return response.json();
}
