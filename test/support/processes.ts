import { readdirSync, readFileSync } from 'node:fs';

/** The processes of the product that another one started. Not the services of tsx. */
export function serversOf(pid: number): number[] {
  return childrenOf(pid).filter(isServer);
}

export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
}

function isServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts');
  } catch {
    return false;
  }
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

export function isRunning(pid: number): boolean {
  return !Number.isNaN(parentOf(String(pid)));
}
