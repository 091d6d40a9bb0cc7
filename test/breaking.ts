import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { breakingChanges, mayBreak } from './support/breaking.ts';

/** Compares schema.graphql with the one of the last release tag: what breaks clients needs a version that says so. */
function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*')?.trim();
const before = tag && git('show', `${tag}:schema.graphql`);
if (!tag || !before) {
  process.stdout.write('No release tag yet (or a clone without tags): no schema to compare with.\n');
} else {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
  const changes = await breakingChanges(before, readFileSync('schema.graphql', 'utf8'));
  for (const change of changes) process.stdout.write(`Breaking since ${tag}: ${change}\n`);
  if (changes.length === 0) process.stdout.write(`schema.graphql breaks no client of ${tag}.\n`);
  else if (mayBreak(tag, version)) process.stdout.write(`Version ${version} may break clients of ${tag}.\n`);
  else {
    process.stdout.write(
      `Keep the old field and deprecate it, or raise the version in package.json (${version}).\n`,
    );
    process.exitCode = 1;
  }
}
