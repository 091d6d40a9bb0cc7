import { spawnSync } from 'node:child_process';
import { hasMariaDb } from '../test/support/mariadb.ts';

/** What is needed beside Node, with the Debian package that has it. */
const TOOLS = { wrk: 'wrk', taskset: 'util-linux' };

/**
 * The Debian packages that are missing.
 * @throws {Error} on another system than Linux: CPU time and memory are read from /proc
 */
export function missingPackages(needsMariaDb: boolean): string[] {
  if (process.platform !== 'linux') throw new Error('The bench runs on Linux only.');
  const missing = Object.entries(TOOLS).filter(([command]) => !isInstalled(command, '-v'));
  return [
    ...missing.map(([, debianPackage]) => debianPackage),
    ...(needsMariaDb && !hasMariaDb() ? ['mariadb-server-core', 'mariadb-client-core'] : []),
  ];
}

/** Whether a command exists; its exit code does not matter. */
export function isInstalled(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
}
