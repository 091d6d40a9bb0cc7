import { readdirSync, readFileSync } from 'node:fs';
import { breakingChanges, compareVersions, mayBreak } from './support/breaking.ts';

/** Compares schema.graphql with the newest release: a change that breaks clients needs a version that says so. */
const RELEASES = 'test/releases';

const releases = readdirSync(RELEASES)
  .flatMap((file) => /^v(\d+\.\d+\.\d+)\.graphql$/.exec(file)?.[1] ?? [])
  .sort(compareVersions);
const newest = releases.at(-1);
const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));

if (newest === undefined) {
  process.stdout.write(
    `No release in ${RELEASES}: copy schema.graphql to ${RELEASES}/v${version}.graphql.\n`,
  );
  process.exitCode = 1;
} else {
  const before = readFileSync(`${RELEASES}/v${newest}.graphql`, 'utf8');
  const changes = await breakingChanges(before, readFileSync('schema.graphql', 'utf8'));
  for (const change of changes) process.stdout.write(`Breaking since v${newest}: ${change}\n`);
  if (changes.length === 0) process.stdout.write(`schema.graphql breaks no client of v${newest}.\n`);
  else if (mayBreak(newest, version))
    process.stdout.write(`Version ${version} may break clients of v${newest}.\n`);
  else {
    process.stdout.write(
      `Keep the old field and deprecate it, or raise the version in package.json (${version}).\n`,
    );
    process.exitCode = 1;
  }
}
