import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './build.ts';

const BLOCK = /(<!-- bench -->\n)[\s\S]*?(\n<!-- \/bench -->)/;

/** Replaces the block of a page between `<!-- bench -->` and `<!-- /bench -->`. */
export function writeBlock(page: string, text: string): void {
  const path = join(PROJECT, page);
  const before = readFileSync(path, 'utf8');
  if (!BLOCK.test(before)) throw new Error(`${page} has no <!-- bench --> block`);
  writeFileSync(
    path,
    before.replace(BLOCK, (_, start: string, end: string) => `${start}\n${text}\n${end}`),
  );
}
