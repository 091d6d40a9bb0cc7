import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canariesIn } from './support/canaries.ts';

/** Runs the tests, then looks for secrets in everything that they printed or logged. */
const OUTPUT = '.test-output';
rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(OUTPUT);

let printed = '';
const vitest = spawn(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${OUTPUT}/report.json`,
    ...process.argv.slice(2),
  ],
  { stdio: ['ignore', 'pipe', 'pipe'] },
);
vitest.stdout.on('data', (chunk: Buffer) => {
  printed += chunk;
  process.stdout.write(chunk);
});
vitest.stderr.on('data', (chunk: Buffer) => {
  printed += chunk;
  process.stderr.write(chunk);
});
const exitCode = await new Promise<number>((resolve) => vitest.once('close', (code) => resolve(code ?? 1)));
writeFileSync(`${OUTPUT}/printed.txt`, printed);

const files = readdirSync(OUTPUT, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name));
const leaks = files.flatMap((file) =>
  canariesIn(readFileSync(file, 'utf8')).map((canary) => `${file} holds the secret ${canary}`),
);
for (const leak of leaks) process.stderr.write(`LEAK: ${leak}\n`);

const report: { numPassedTests: number; numFailedTests: number; numPendingTests: number } = JSON.parse(
  readFileSync(`${OUTPUT}/report.json`, 'utf8'),
);
process.stdout.write(`No secret in the output: ${leaks.length === 0 ? 'right' : 'WRONG'}\n`);
process.stdout.write(
  `${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped\n`,
);
process.exitCode = leaks.length > 0 ? 1 : exitCode;
