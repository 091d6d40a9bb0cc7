import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, run } from './build.ts';

const KB_PER_MB = 1024;

/** Installs what a production image has, into a new folder, and measures it on the disk. */
export async function measureInstalled(parent: string): Promise<{ megabytes: number; packages: number }> {
  const folder = join(parent, 'installed');
  mkdirSync(folder);
  for (const file of ['package.json', 'package-lock.json', 'dist', 'drizzle'])
    cpSync(join(PROJECT, file), join(folder, file), { recursive: true });
  await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], folder);
  const kilobytes = Number.parseInt(await run('du', ['-sk', folder]), 10);
  const installed = readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8');
  const packages = installed.match(/^ {4}"node_modules\//gm)?.length ?? 0;
  return { megabytes: kilobytes / KB_PER_MB, packages };
}
