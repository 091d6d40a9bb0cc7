import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';

const IMPORTS =
  "import { createLog } from './src/ops/log.ts'; import { flushStandardOutput } from './src/ops/log-output.ts'; const log = createLog('info');";

/** Runs a script that has a log on standard output, which is a pipe; returns the lines of it. */
function linesOf(script: string): Promise<string[]> {
  const code = `${IMPORTS} ${script}`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((resolve) => child.once('close', () => resolve(text.split('\n'))));
}

const LOG_300 = "for (let i = 0; i < 300; i++) log.info({ i, text: 'x'.repeat(300) }, 'line');";

const NUMBERS = Array.from({ length: 300 }, (_, i) => i);

function numbersIn(lines: string[]): number[] {
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line).i);
}

test.each([
  ['ends', ''],
  ['exits after it has flushed the log', 'await flushStandardOutput(); process.exit();'],
])('when the process %s, each line of the log has been written, complete and in order', async (_, end) => {
  expect(numbersIn(await linesOf(`${LOG_300} ${end}`))).toEqual(NUMBERS);
});

test('when the process exits at once, each line of the log has been written, complete', async () => {
  const numbers = numbersIn(await linesOf(`${LOG_300} process.exit();`));
  expect(numbers.sort((a, b) => a - b)).toEqual(NUMBERS);
});

test('a fatal line is written at once', async () => {
  const lines = await linesOf("log.fatal('the end'); process.kill(process.pid, 'SIGKILL');");
  expect(lines.join()).toContain('"msg":"the end"');
});

test('many lines are few writes', async () => {
  const script = `${LOG_300} let writes = 0; const { write } = fs; fs.write = (...args) => { writes += 1; return write(...args); };`;
  const count = `setTimeout(() => process.stdout.write(JSON.stringify({ writes }) + '\\n'), 300);`;
  const lines = await linesOf(`import fs from 'node:fs'; ${script} ${LOG_300} ${count}`);
  const { writes } = JSON.parse(lines.at(-2) ?? '{}');
  expect(writes).toBeGreaterThan(0);
  expect(writes).toBeLessThan(20);
});

/** Runs a script whose standard output is a pipe; returns its exit code, what it wrote to standard error, and for how long. */
async function runWith(script: string, onOutput: (stdout: Readable) => void) {
  const startedAt = performance.now();
  const args = ['--import', 'tsx', '--input-type=module', '--eval', `${IMPORTS} ${script}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  onOutput(child.stdout);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  child.stdout.destroy();
  return { code, errors, seconds: (performance.now() - startedAt) / 1000 };
}

const LOG_LONG =
  'for (let j = 0; j < 20; j++) { log.info({ j }); await new Promise((done) => setTimeout(done, 50)); }';

test.each([
  ['is flushed', 'await flushStandardOutput(); process.exit(7);'],
  ['is written at once', "log.fatal('the end'); process.exit(7);"],
])('a reader that is gone does not keep a process running whose log %s', async (_, end) => {
  const { code, errors, seconds } = await runWith(`log.info('start'); ${LOG_LONG} ${end}`, (stdout) =>
    stdout.once('data', () => stdout.destroy()),
  );
  expect([code, errors]).toEqual([7, '']);
  expect(seconds).toBeLessThan(10);
});

test('a reader that stalls costs at most a few megabytes, blocks nothing, and does not keep the process running', async () => {
  const log80MB = `const before = process.memoryUsage().rss; for (let j = 0; j < 800; j++) {
    for (let k = 0; k < 100; k++) log.info({ text: 'x'.repeat(1000) });
    await new Promise((done) => setImmediate(done));
  }
  process.stderr.write(JSON.stringify({ grown: process.memoryUsage().rss - before }));`;
  const { code, errors, seconds } = await runWith(
    `${log80MB} await flushStandardOutput(); process.exit(7);`,
    (stdout) => stdout.pause(),
  );
  expect(code).toBe(7);
  expect(JSON.parse(errors).grown).toBeLessThan(70_000_000);
  expect(seconds).toBeLessThan(15);
});
