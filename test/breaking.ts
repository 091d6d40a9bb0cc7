import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { breakingApiChanges } from './support/api-report.ts';
import { breakingChanges, compareVersions, mayBreak } from './support/breaking.ts';

/**
 * Compares schema.graphql and the report of the API with those of the newest release: a change that breaks clients or
 * modules needs a version that says so.
 */
const RELEASES = 'test/releases';
const REPORT = 'test/api/weapp-login.api.d.ts';

const releases = readdirSync(RELEASES)
  .flatMap((file) => /^v(\d+\.\d+\.\d+)\.graphql$/.exec(file)?.[1] ?? [])
  .sort(compareVersions);
const newest = releases.at(-1);
const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
const [schema, report] = ['graphql', 'api.d.ts'].map((end) => `${RELEASES}/v${newest ?? version}.${end}`);

if (!schema || !existsSync(schema) || !report || !existsSync(report)) {
  process.stdout.write(
    `No release in ${RELEASES}: copy schema.graphql to ${schema}, and ${REPORT} to ${report}.\n`,
  );
  process.exitCode = 1;
} else {
  const read = (file: string) => readFileSync(file, 'utf8');
  const changes = [
    ...(await breakingChanges(read(schema), read('schema.graphql'))),
    ...breakingApiChanges(read(report), read(REPORT)),
  ];
  for (const change of changes) process.stdout.write(`Breaking since v${newest}: ${change}\n`);
  if (changes.length === 0)
    process.stdout.write(`schema.graphql and the API break nobody who uses v${newest}.\n`);
  else if (newest !== undefined && mayBreak(newest, version))
    process.stdout.write(`Version ${version} may break what uses v${newest}.\n`);
  else {
    process.stdout.write(
      `Keep what was there and deprecate it, or raise the version in package.json (${version}).\n`,
    );
    process.exitCode = 1;
  }
}
