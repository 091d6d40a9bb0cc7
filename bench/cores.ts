import { execFile, execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

/** Who gets which processor cores: the measured server has one for itself, all others share the rest. */
export type Role = 'server' | 'two servers' | 'load';

const COUNT = availableParallelism();

function coresOf(role: Role): string {
  const last = COUNT - 1;
  if (COUNT === 1) return '0';
  if (role === 'server') return String(last);
  if (role === 'two servers') return `${last - 1},${last}`;
  return last === 1 ? '0' : `0-${last - 1}`;
}

/** The command on the cores of a role. */
export function pinned(role: Role, [file = '', ...args]: readonly string[]): [string, ...string[]] {
  return ['taskset', '-c', coresOf(role), file, ...args];
}

/** Moves a running process with all its threads. */
export function pin(role: Role, pid: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', coresOf(role), String(pid)], { stdio: 'ignore' });
}

/** @param capacity of measureCapacity() */
export function describeCores(capacity: number): string {
  const together = `${COUNT} cores, which together do the work of ${capacity.toFixed(1)}`;
  return `${together}: server on ${coresOf('server')}, database, WeChat and load on ${coresOf('load')}`;
}

/** Prints its milliseconds: about a second. */
const SPIN =
  'const start = performance.now(); for (let i = 0, x = 0; i < 2e8; i++) x = (x * 31 + i) | 0; console.log(performance.now() - start)';
const run = promisify(execFile);

/** How many cores the machine really has: it may share them with others, or two may be one. */
export async function measureCapacity(): Promise<number> {
  const spin = async (core: number) => {
    const { stdout } = await run('taskset', ['-c', String(core), process.execPath, '-e', SPIN]);
    return Number(stdout);
  };
  const alone = await spin(COUNT - 1);
  const together = await Promise.all(Array.from({ length: COUNT }, (_, core) => spin(core)));
  return together.reduce((sum, ms) => sum + alone / ms, 0);
}
