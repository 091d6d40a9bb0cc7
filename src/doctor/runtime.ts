import { readFileSync } from 'node:fs';
import { parseObject } from '../common/json.ts';
import { packageFile } from '../common/package-file.ts';
import { type Finding, failed, ok, warning } from './findings.ts';

/** Each client, database connection and call to WeChat needs one. */
const MIN_OPEN_FILES = 4096;

export function checkRuntime(): Finding[] {
  return [checkNode(), ...checkOpenFiles()];
}

function checkNode(): Finding {
  const required = requiredNode();
  const { node } = process.versions;
  return isOlder(node, required)
    ? failed('node', `Node ${node} is too old`, `install Node ${required} or later`)
    : ok('node', `Node ${node}`);
}

/** None where the system does not tell the limit. */
function checkOpenFiles(): Finding[] {
  const limit = openFileLimit();
  if (limit === null) return [];
  if (limit >= MIN_OPEN_FILES) return [ok('open-files', `the limit of open files is ${limit}`)];
  return [
    warning(
      'open-files',
      `the limit of open files is ${limit}: each client, database connection and call to WeChat needs one`,
      'raise the hard limit to 65536: `ulimit -n`, LimitNOFILE= of systemd, or ulimits of Docker',
    ),
  ];
}

/** The version in `engines` of package.json. */
function requiredNode(): string {
  const { engines } = parseObject(readFileSync(packageFile('package.json'), 'utf8')) ?? {};
  return /\d+(\.\d+)*/.exec(JSON.stringify(engines))?.[0] ?? '0';
}

function isOlder(version: string, required: string): boolean {
  return version.localeCompare(required, 'en', { numeric: true }) < 0;
}

/** Node raises its soft limit to the hard limit when it starts. */
function openFileLimit(): number | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
