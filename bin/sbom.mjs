import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes dist/sbom.json: the CycloneDX list of the packages that a production installation has or that are bundled into
 * dist. `npm sbom --omit dev` lists neither bundled packages nor those that a development dependency needs as well, such
 * as graphql.
 */
const { name, dependencies } = readJson('package.json');
const { packages } = readJson('package-lock.json');

const installed = Object.entries(packages)
  .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
  .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`);
// bin/bundle.mjs has written a heading for each.
const bundled = [...readFileSync('dist/licenses.md', 'utf8').matchAll(/^## (\S+) (\d\S*)$/gm)].map(
  ([, packageName, version]) => `${packageName}@${version}`,
);
const shipped = new Set([...installed, ...bundled]);

const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const all = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
const root = all.metadata.component['bom-ref'];
const isShipped = (ref) => ref === root || shipped.has(ref);
const components = all.components.filter((component) => isShipped(component['bom-ref'])).map(asShipped);
const listed = new Set(components.map((component) => component['bom-ref']));
const missing = [
  ...[...shipped].filter((ref) => !listed.has(ref)),
  ...Object.entries(dependencies)
    .map((entry) => entry.join('@'))
    .filter((ref) => !listed.has(ref)),
];
if (missing.length > 0) throw new Error(`not in the list of npm: ${missing.join(', ')}`);

all.metadata.component.name = name;
const sbom = {
  ...all,
  components,
  dependencies: all.dependencies
    .filter(({ ref }) => isShipped(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isShipped) })),
};
writeFileSync('dist/sbom.json', `${JSON.stringify(sbom, null, 2)}\n`);

/** npm says that bundled packages are for development. */
function asShipped({ properties = [], ...component }) {
  const kept = properties.filter((property) => property.name !== 'cdx:npm:package:development');
  const isBundled = bundled.includes(component['bom-ref']) && !installed.includes(component['bom-ref']);
  if (isBundled) kept.push({ name: 'weapp-login:bundled', value: 'true' });
  return { ...component, scope: 'required', properties: kept };
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
