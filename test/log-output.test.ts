import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs a script that has a log on standard output, which is a pipe; returns the lines of it. */
function linesOf(script: string): Promise<string[]> {
  const code = `import { createLog } from './src/ops/log.ts'; import { flushStandardOutput } from './src/ops/log-output.ts'; const log = createLog('info'); ${script}`;
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
