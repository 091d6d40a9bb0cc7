import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './project.ts';

/** What `npm pack` needs of the checkout. */
const SOURCES = [
  ...['package.json', 'LICENSE', 'README.md', 'README.zh-CN.md', 'tsconfig.json', 'tsconfig.build.json'],
  ...['schema.graphql', 'bin', 'src', 'drizzle', 'docs', 'test'],
];
/** npm installs what it downloaded before, where it can. */
const NPM = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--engine-strict'];

/** Packs the server, once for all test files. @returns the path of the tarball */
export function packServer(): Promise<string> {
  return once('packed-server', async (folder) => {
    const checkout = join(folder, 'checkout');
    for (const path of SOURCES) await cp(path, join(checkout, path), { recursive: true });
    symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
    await npmPack(checkout, folder);
  }).then((folder) => join(folder, `weapp-login-${versionOf('package.json')}.tgz`));
}

/** Packs the client, once for all test files. @returns the path of the tarball */
export function packClient(): Promise<string> {
  return once('packed-client', async (folder) => {
    const checkout = join(folder, 'client');
    await cp('client', checkout, { recursive: true, filter: (path) => basename(path) !== 'dist' });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    await npmPack(checkout, folder);
  }).then((folder) => join(folder, `weapp-login-client-${versionOf('client/package.json')}.tgz`));
}

/** Packs the server with another version. */
export async function packVersion(version: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-version-'));
  await unpack(await packServer(), folder);
  const file = join(folder, 'package/package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }));
  await npmPack(join(folder, 'package'), folder, ['--ignore-scripts']);
  return join(folder, `weapp-login-${version}.tgz`);
}

export async function unpack(tarball: string, folder: string): Promise<void> {
  await succeed('tar', ['-xzf', tarball, '-C', folder]);
}

/** A folder where the packed server is installed with the packages of a team, once for all test files: change nothing in it. */
export function installServer(): Promise<string> {
  return once('installed-server', async (folder) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    const { tsx, '@types/node': nodeTypes } = readJson('package.json').devDependencies;
    await npmInstall(
      folder,
      await packServer(),
      ...[`tsx@${tsx}`, `@types/node@${nodeTypes}`, 'typescript-5.9@npm:typescript@5.9.3'],
    );
  });
}

export async function npmInstall(folder: string, ...packages: string[]): Promise<void> {
  await succeed('npm', ['install', ...NPM, ...packages], folder);
}

/** A new project with the installed packages. */
export async function createProject(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-project-'));
  await succeed('cp', ['-a', `${await installServer()}/.`, folder]);
  return folder;
}

async function npmPack(source: string, destination: string, options: string[] = []): Promise<void> {
  await succeed('npm', ['pack', '--silent', '--pack-destination', destination, ...options], source);
}

async function succeed(command: string, args: string[], cwd = '.'): Promise<void> {
  const { code, output } = await run(command, args, { cwd });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${output}`);
}

function versionOf(file: string): string {
  return readJson(file).version;
}

function readJson(file: string): { version: string; devDependencies: Record<string, string> } {
  return JSON.parse(readFileSync(file, 'utf8'));
}

const MAX_WAIT_MS = 150_000;

/** Makes a folder once in a run of the tests, whose folder for temporary files is new. */
async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(tmpdir(), name);
  const [begun, failed] = [`${folder}.begun`, `${folder}.failed`];
  if (isFirst(begun)) {
    const unfinished = `${folder}.unfinished`;
    mkdirSync(unfinished);
    try {
      await make(unfinished);
      renameSync(unfinished, folder);
    } catch (error) {
      writeFileSync(failed, String(error));
    }
  }
  for (const end = Date.now() + MAX_WAIT_MS; !existsSync(folder); await sleep(100)) {
    if (existsSync(failed)) throw new Error(readFileSync(failed, 'utf8'));
    if (Date.now() > end) throw new Error(`${name} took too long`);
  }
  return folder;
}

function isFirst(marker: string): boolean {
  try {
    mkdirSync(marker);
    return true;
  } catch {
    return false;
  }
}
