import { readFileSync } from 'node:fs';
import { run } from './process.ts';
import { environment } from './product.ts';

/** The product in a process of its own, listening. */
export type Replica = {
  url: string;
  port: number;
  /** The resident memory in MB, now and at its highest; NaN where the system doesn't tell. */
  memory(): { now: number; peak: number };
  /** What it wrote so far. */
  output(): string;
  stop(): Promise<void>;
};

/** @param more goes on top of the environment of the tests */
export async function startReplica(more: Record<string, string>): Promise<Replica> {
  const { child, printed, exited, origin } = run(environment(more));
  const url = await origin;
  return {
    url,
    port: Number(new URL(url).port),
    memory: () => memoryOf(child.pid ?? 0),
    output: printed,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function memoryOf(pid: number) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  } catch {
    return { now: Number.NaN, peak: Number.NaN };
  }
}
