import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './build.ts';

/** Replaces the block of a page between `<!-- bench -->` and `<!-- /bench -->`, or another name. */
export function writeBlock(page: string, text: string, name = 'bench'): void {
  const path = join(PROJECT, page);
  const before = readFileSync(path, 'utf8');
  const block = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`);
  if (!block.test(before)) throw new Error(`${page} has no <!-- ${name} --> block`);
  writeFileSync(
    path,
    before.replace(block, (_, start: string, end: string) => `${start}\n${text}\n${end}`),
  );
}
