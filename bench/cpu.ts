import { readdirSync, readFileSync } from 'node:fs';

/** /proc counts in 1/100 s on every Linux that Debian supports. */
const MICROSECONDS_PER_TICK = 10_000;

/** CPU time, in user and kernel mode, of a process, its threads and its children, in microseconds. */
export function cpuTime(pid: number): number {
  return sum(treeOf(pid), (one) => {
    const fields = readStat(one);
    return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
  });
}

/** Resident memory of a process and its children, in MB. */
export function residentMb(pid: number): number {
  return sum(treeOf(pid), (one) => {
    const status = readFileSync(`/proc/${one}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  });
}

function treeOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(Number(name))] as const);
  const withChildren = (one: number): number[] => [
    one,
    ...parents.filter(([, parent]) => parent === one).flatMap(([child]) => withChildren(child)),
  ];
  return withChildren(pid);
}

/** Undefined if the process ended in the meantime. */
function parentOf(pid: number): number | undefined {
  try {
    return Number(readStat(pid)[1]);
  } catch {
    return undefined;
  }
}

/** The fields after the name, which may contain spaces. */
function readStat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function sum(pids: readonly number[], read: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + read(pid), 0);
}
