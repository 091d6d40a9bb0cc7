import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareContenders } from './contenders.ts';
import { describeCores, measureCapacity } from './cores.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { writeBlock } from './page.ts';
import { planCells } from './plan.ts';
import { type Results, writeReport, writeSummary } from './report.ts';
import { measureRounds, soak, warmUp } from './rounds.ts';
import { measureInstalled } from './size.ts';
import { type Stage, setStage } from './stage.ts';
import { missingPackages } from './tools.ts';
import { CHINESE, ENGLISH } from './words.ts';

/** What stops the processes and removes the files, in the order of their start. */
const closers: (() => Promise<void> | void)[] = [];

async function close(): Promise<void> {
  for (const closeOne of closers.splice(0).reverse()) await closeOne();
}

function progress(text: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
}

async function bench(options: Options): Promise<void> {
  const missing = missingPackages(options.databases.includes('mariadb'));
  if (missing.length > 0) throw new Error(`Please install: apt-get install ${missing.join(' ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-bench-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  progress('building');
  const { contenders, leftOut } = await prepareContenders(options);
  for (const reason of leftOut) progress(`left out: ${reason}`);
  const installed = options.isComplete ? await measureInstalled(folder) : undefined;
  const onStart = (stop: () => Promise<void>) => closers.push(stop);
  const stage = await setStage(contenders, { ...options, folder, onStart, onProgress: progress });
  progress('warming up');
  await warmUp(stage, options);
  if (options.soak > 0) await printSoak(stage, options);
  else await report(stage, options, { leftOut, installed });
}

async function report(
  stage: Stage,
  options: Options,
  about: Pick<Results, 'leftOut' | 'installed'>,
): Promise<void> {
  const cores = describeCores(await measureCapacity());
  const measurements = await measureRounds(stage, options, (round) =>
    progress(`round ${round} of ${options.rounds}`),
  );
  const results: Results = {
    ...about,
    measurements,
    cells: planCells(options),
    servers: startsOf(stage),
    cores,
  };
  process.stdout.write(`\n${writeReport(results, ENGLISH)}\n`);
  const failures = measurements.filter(({ failure }) => failure !== undefined);
  for (const { server, cell, failure } of failures)
    process.stderr.write(
      `${server}, ${ENGLISH.shortCell(cell)}, ${cell.concurrency} connections: ${failure}\n`,
    );
  if (failures.length > 0) process.exitCode = 1;
  else if (options.write)
    for (const words of [ENGLISH, CHINESE]) {
      writeBlock(words.page, writeReport(results, words));
      writeBlock(words.readme, writeSummary(results, words));
    }
}

/** A server that runs on both databases counts once, with the first. */
function startsOf({ servers }: Stage): Results['servers'] {
  return servers
    .filter(({ name }, i) => servers.findIndex((other) => other.name === name) === i)
    .map(({ name, running }) => ({ name, startMs: running.startMs }));
}

async function printSoak(stage: Stage, options: Options): Promise<void> {
  process.stdout.write('\n| server | operation | requests | RSS MB |\n| --- | --- | ---: | ---: |\n');
  await soak(stage, options, ({ server, operation, requests, residentMb }) =>
    process.stdout.write(`| ${server} | ${operation} | ${requests} | ${residentMb.toFixed(0)} |\n`),
  );
}

process.once('SIGINT', () => {
  close().finally(() => process.exit(130));
});
try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(`${USAGE}\n`);
  else await bench(options);
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
} finally {
  await close();
}

/** What the person at the terminal needs: the message, and what caused it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const output = 'stderr' in error && error.stderr ? `\n${error.stderr}` : '';
  return `${error.message}${output}${error.cause === undefined ? '' : `\n${describe(error.cause)}`}`;
}
