import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startMariaDb } from '../support/mariadb.ts';
import { readJournal } from './journal.ts';
import { mutantsOf, ROOMS, sourceFiles } from './mutants.ts';

type Room = (typeof ROOMS)[number];

/** The test files that are run for the mutants of each room. */
const TESTS: Readonly<Record<Room, readonly string[]>> = {
  errors: ['login', 'session', 'wechat', 'http'],
  auth: ['session', 'token-attacks', 'keys', 'config', 'admin'],
  http: [
    ...['responses', 'closing', 'docs-errors', 'graphiql', 'operation-log', 'keys', 'survivors', 'readiness'],
    ...['http-gates', 'rate-limit', 'http', 'pushes', 'metrics', 'overload'],
  ],
  wechat: [
    ...[
      'material',
      'push-reader',
      'wechat-client',
      'wechat',
      'encrypted',
      'survivors',
      'sandbox',
      'profiles',
      'phone',
    ],
    ...['wechat-faults', 'pushes', 'metrics', 'tracing'],
  ],
  storage: [
    ...[
      'storage',
      'batches',
      'survivors',
      'session',
      'login',
      'admin',
      'profiles',
      'phone',
      'encrypted',
      'pushes',
    ],
    ...[
      'readiness',
      'config',
      'idempotency',
      'drift',
      'rate-limit',
      'busy-file',
      'database-faults',
      'replicas',
    ],
    ...['grown-table', 'metrics', 'tracing'],
  ],
  graphql: [
    ...['survivors', 'gates', 'http', 'operation-log', 'session', 'bad-input', 'login', 'admin', 'wechat'],
    ...['long-messages', 'schema-scopes', 'scope-cache', 'http-gates', 'metrics', 'tracing', 'lanes', 'fuzz'],
  ],
};
/** Their tests are about load, and too slow to be run for mutants. */
const NOT_RUN = '^(?!.*(300 bodies of 20 MB|6,000 garbage codes))';
const STUCK_MS = 180_000;
const MAX_CRASHES = 3;
const MAX_RUNS = 30;

const { values, positionals } = parseArgs({
  options: {
    /** Runs only the mutants that no test killed before. */
    resume: { type: 'boolean', default: false },
    /** Only these test files, such as `storage,batches`. */
    tests: { type: 'string' },
    /** Runs nothing. */
    report: { type: 'boolean', default: false },
    /** Runs the tests that are left out otherwise, because they take seconds. */
    slow: { type: 'boolean', default: false },
    /** Prints why tests fail. */
    verbose: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const rooms = ROOMS.filter((room) => positionals.length === 0 || positionals.includes(room));

if (!values.report) {
  mkdirSync('.test-output', { recursive: true });
  for (const room of rooms) {
    const kept = values.resume
      ? readJournal(journalOf(room)).filter(({ status }) => status === 'killed')
      : [];
    writeFileSync(journalOf(room), kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    await runRoom(room);
  }
}
for (const room of rooms) report(room);

function journalOf(room: Room): string {
  return `.test-output/mutants-${room}.ndjson`;
}

async function runRoom(room: Room): Promise<void> {
  const mariaDb = room === 'storage' ? await startMariaDb() : undefined;
  try {
    for (const name of values.tests?.split(',') ?? TESTS[room]) {
      const file = `test/${name}.test.ts`;
      let runs = 0;
      while (!(await runFile(file, room, mariaDb?.url)))
        if (++runs > MAX_RUNS) throw new Error(`${file} does not end`);
      process.stderr.write(
        `${new Date().toISOString().slice(11, 19)} ${room}: ${file}, ${survivorsOf(room).length} left\n`,
      );
    }
  } finally {
    await mariaDb?.stop();
  }
}

/** Whether it finished: not if a mutant blocked it, or spoiled what the tests of the file share. */
async function runFile(file: string, room: Room, mysqlUrl: string | undefined): Promise<boolean> {
  const journal = journalOf(room);
  const child = spawn(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config=test/mutation/vitest.config.ts',
      '--reporter=dot',
      `--testNamePattern=${NOT_RUN}`,
      file,
    ],
    {
      env: {
        ...process.env,
        MUTATION_JOURNAL: journal,
        MUTATION_ROOMS: room,
        MUTATION_SLOW: values.slow ? '1' : '',
        TEST_MYSQL_URL: mysqlUrl ?? '',
        // Mutants are not in the code that browsers run.
        CHROMIUM_PATH: '/none',
        CI: '',
      },
      stdio: ['ignore', 'ignore', values.verbose ? 'inherit' : 'ignore'],
      detached: true,
    },
  );
  let isStuck = false;
  const startedAt = Date.now();
  const watch = setInterval(() => {
    isStuck = Date.now() - Math.max(startedAt, statSync(journal).mtimeMs) > STUCK_MS;
    if (isStuck && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, 1000);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(watch);
  const entries = readJournal(journal).filter((entry) => entry.file === file);
  const last = entries.at(-1);
  const starts = entries.filter(({ id, status }) => id === last?.id && status === 'started').length;
  if (last?.status === 'started' && (isStuck || starts >= MAX_CRASHES))
    appendFileSync(
      journal,
      `${JSON.stringify({ ...last, status: 'killed', by: isStuck ? 'no end' : 'a crash' })}\n`,
    );
  if (last?.status === 'spoiled') process.stderr.write(`${file} is started again: ${last.by} failed\n`);
  return last?.status === 'done';
}

function survivorsOf(room: Room) {
  const killed = new Set(
    readJournal(journalOf(room))
      .filter(({ status }) => status === 'killed')
      .map(({ id }) => id),
  );
  return sourceFiles([room])
    .flatMap(mutantsOf)
    .filter(({ id }) => !killed.has(id));
}

function report(room: Room): void {
  const reached = new Set(readJournal(journalOf(room)).map(({ id }) => id));
  const survivors = survivorsOf(room);
  for (const { id, line, from, to } of survivors) {
    const note = reached.has(id) ? '' : ' (not reached)';
    const short = (text: string) => text.replaceAll(/\s+/g, ' ').slice(0, 110);
    process.stdout.write(`${id.replace(/#.*/, '')}:${line}${note}\n  - ${short(from)}\n  + ${short(to)}\n`);
  }
  const total = sourceFiles([room]).flatMap(mutantsOf).length;
  const score = ((100 * (total - survivors.length)) / total).toFixed(1);
  process.stdout.write(`${room}: ${total - survivors.length} of ${total} mutants killed: ${score} %\n`);
}
