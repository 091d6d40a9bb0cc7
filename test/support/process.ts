import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { environment } from './product.ts';

/** The product as `npm start` runs it, in a process of its own. */
export type Process = {
  url: string;
  port: number;
  pid: number;
  /** The resident memory in MB, now and at its highest; NaN where the system doesn't tell. */
  memory(): { now: number; peak: number };
  /** What it wrote so far. */
  output(): string;
  stop(): Promise<void>;
};

/** @param more goes on top of the environment of the tests */
export const startProcess = async (more: Record<string, string>): Promise<Process> => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    env: { PATH: process.env.PATH, ...environment(more) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      const [, found] = /:(\d+)\/graphql|"port":(\d+)/.exec(output)?.filter(Boolean) ?? [];
      if (found) resolve(Number(found));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`the process ended: ${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    memory: () => memoryOf(child.pid ?? 0),
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
};

const memoryOf = (pid: number) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  } catch {
    return { now: Number.NaN, peak: Number.NaN };
  }
};
