import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const execute = promisify(execFile);

export const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DIST = fileURLToPath(new URL('dist', import.meta.url));

/** Runs a command and throws with what it printed if it fails. */
export async function run(file: string, args: readonly string[], cwd = PROJECT): Promise<string> {
  const { stdout } = await execute(file, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/**
 * Compiles a program of the bench to JavaScript, so that it runs in plain Node as it would in production.
 * @returns the path of the compiled file
 */
export async function compile(source: string, outdir = DIST): Promise<string> {
  const entry = fileURLToPath(new URL(source, import.meta.url));
  const { metafile } = await build({
    entryPoints: [entry],
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    metafile: true,
    absWorkingDir: PROJECT,
  });
  const [file] = Object.keys(metafile.outputs);
  if (!file) throw new Error(`${source} compiled to nothing`);
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}
