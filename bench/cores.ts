import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

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

export function describeCores(): string {
  return `${COUNT} cores: server on ${coresOf('server')}, database, WeChat and load on ${coresOf('load')}`;
}
