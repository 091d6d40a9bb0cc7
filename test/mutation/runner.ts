import { appendFileSync } from 'node:fs';
import {
  type File,
  getHooks,
  type Suite,
  startTests,
  type Task,
  type Test,
  type TestAnnotation,
} from '@vitest/runner';
import { TestRunner } from 'vitest';
import { type Entry, readJournal } from './journal.ts';
import { mutantsOf, sourceFiles } from './mutants.ts';

/**
 * Runs a test file, then again for each mutant that it reaches: only the tests that reached it, until one fails. All of it
 * happens in one process, so that nothing is imported again, except for mutants that are reached during imports.
 */

/** What `__mutant` of the instrumented source reads and writes. */
const state = {
  active: '',
  hits: 0,
  reached: new Set<string>(),
};
/** A mutant that is reached more often than this is an endless loop. */
const MAX_HITS = 2_000_000;

Object.assign(globalThis, {
  __mutant(id: string): boolean {
    if (state.active === '') state.reached.add(id);
    if (state.active !== id) return false;
    state.hits += 1;
    if (state.hits > MAX_HITS) throw new Error('the mutant loops');
    return true;
  },
});

const JOURNAL = process.env.MUTATION_JOURNAL ?? '';
/** The tests for one mutant in one file, the fastest first, take at most this long. */
const MAX_TESTS_MS = 4000;
/** Otherwise only the tests that the above leaves out are run. */
const IS_QUICK = process.env.MUTATION_SLOW !== '1';
/** Slower tests are not run for mutants. */
const MAX_TEST_MS = IS_QUICK ? 2000 : 20_000;
/** A test that takes so many times as long as without a mutant has failed. */
const MAX_SLOWDOWN = 3;
const MIN_TIMEOUT_MS = 1500;
/** After this many mutants all tests must still pass without one. */
const CHECK_AFTER = 40;
/** Modules that are imported again stay in memory, so a process that needs more is replaced. */
const MAX_HEAP_BYTES = 1.2e9;

function record(entry: Entry): void {
  appendFileSync(JOURNAL, `${JSON.stringify(entry)}\n`);
}

export default class MutationRunner extends TestRunner {
  /** The mutants that were reached during imports, in hooks, and in each test by its position. */
  readonly #imported = new Set<string>();
  readonly #inHooks = new Set<string>();
  readonly #inTests = new Map<Test, Set<string>>();
  /** By position. */
  readonly #passAlone = new Map<number, boolean>();

  override async importFile(filepath: string, source: 'collect' | 'setup'): Promise<void> {
    state.reached = this.#imported;
    await super.importFile(filepath, source);
    state.reached = this.#inHooks;
  }
  override onBeforeTryTask(test: Test): void {
    super.onBeforeTryTask(test);
    state.reached = this.#inTests.get(test) ?? new Set();
    this.#inTests.set(test, state.reached);
  }
  override onAfterTryTask(test: Test): void {
    state.reached = this.#inHooks;
    super.onAfterTryTask(test);
  }
  override async onAfterRunFiles(...[files]: [files?: File[]]): Promise<void> {
    for (const file of files ?? []) await this.#runMutants(file);
    super.onAfterRunFiles();
  }

  async #runMutants(file: File): Promise<void> {
    const tests = testsIn(file);
    const known = readJournal(JOURNAL);
    const finished = new Set(
      known
        .filter(({ status, file: of }) => status === 'killed' || (status === 'survived' && of === file.name))
        .map(({ id }) => id),
    );
    const passed = tests.map(
      (test) => test.result?.state === 'pass' && (test.result.duration ?? 0) <= MAX_TEST_MS,
    );
    const failing = await this.#failing(file, passed);
    if (failing.size > 0) process.stderr.write(`${file.name}: ${failing.size} tests cannot be repeated\n`);
    const usable = passed.map((isPassed, i) => isPassed && !failing.has(i));
    const mutants = sourceFiles((process.env.MUTATION_ROOMS ?? '').split(',')).flatMap(mutantsOf);
    const pending: Entry[] = [];

    for (const { id } of mutants) {
      if (finished.has(id)) continue;
      const isStatic = this.#imported.has(id);
      const everywhere = isStatic || this.#inHooks.has(id);
      const reaching = tests.filter(
        (test, i) => usable[i] && (everywhere || this.#inTests.get(test)?.has(id)),
      );
      if (reaching.length === 0) continue;
      const fast = fastest(reaching);
      const chosen = tests.map((test) => reaching.includes(test) && fast.has(test) === IS_QUICK);
      if (!chosen.includes(true)) continue;
      record({ file: file.name, id, status: 'started' });
      const by = await this.#killer(file, id, chosen, isStatic);
      if (isStatic) this.#forgetModules(file.filepath, true);
      pending.push({
        file: file.name,
        id,
        status: by === undefined ? 'survived' : 'killed',
        ...(by === undefined ? {} : { by }),
      });
      const isFull = isHeapFull();
      if ((isFull || pending.length >= CHECK_AFTER) && !(await this.#flush(file, pending, usable))) return;
      if (isFull) return;
    }
    if (await this.#flush(file, pending, usable)) record({ file: file.name, id: '', status: 'done' });
  }

  /**
   * The name of a test that fails with the mutant, twice, and passes without it: one that fails now and then, or that
   * needs tests which are not run, kills nothing.
   */
  async #killer(file: File, id: string, chosen: boolean[], isStatic: boolean): Promise<string | undefined> {
    const run = (mutant: string, tests: boolean[]) => {
      if (isStatic) this.#forgetModules(file.filepath, true);
      return this.#start(file, mutant, tests, false);
    };
    const { failed, failing } = await run(id, chosen);
    const [position] = failing;
    if (failed === undefined) return undefined;
    if (position !== undefined && (await this.#passesAlone(file, position))) {
      const alone = await run(id, only(position, chosen));
      if (alone.failed !== undefined) return failed;
    }
    const isRepeated = (await run(id, chosen)).failed !== undefined;
    return isRepeated && (await run('-', chosen)).failed === undefined ? failed : undefined;
  }

  /** Whether a test passes without a mutant and without the tests before it. */
  async #passesAlone(file: File, position: number): Promise<boolean> {
    const known = this.#passAlone.get(position);
    if (known !== undefined) return known;
    const passes = (await this.#run(file, '-', only(position, testsIn(file)))) === undefined;
    this.#passAlone.set(position, passes);
    return passes;
  }

  /** Believes the results only if the tests pass without a mutant. */
  async #flush(file: File, pending: Entry[], usable: boolean[]): Promise<boolean> {
    const by = pending.length > 0 ? await this.#run(file, '-', usable) : undefined;
    if (by === undefined) for (const entry of pending.splice(0)) record(entry);
    else {
      for (const entry of pending.filter(({ status }) => status === 'survived')) record(entry);
      record({ file: file.name, id: '', status: 'spoiled', by });
    }
    return by === undefined;
  }

  /** The positions of tests that fail when they are run again. */
  async #failing(file: File, chosen: boolean[]): Promise<ReadonlySet<number>> {
    const inner = await this.#start(file, '-', chosen, true);
    return inner.failing;
  }

  /** Returns the name of a test that failed. */
  async #run(file: File, id: string, chosen: boolean[]): Promise<string | undefined> {
    return (await this.#start(file, id, chosen, false)).failed;
  }

  async #start(file: File, id: string, chosen: boolean[], toTheEnd: boolean): Promise<MutantRunner> {
    const slowest = Math.max(...testsIn(file).map(({ result }, i) => (chosen[i] && result?.duration) || 0));
    const inner = new MutantRunner(
      {
        ...this.config,
        testTimeout: Math.max(MIN_TIMEOUT_MS, MAX_SLOWDOWN * slowest),
        hookTimeout: 4000,
      },
      chosen,
      toTheEnd,
    );
    Object.defineProperty(inner, 'moduleRunner', { value: Reflect.get(this, 'moduleRunner') });
    inner.__setTraces(Reflect.get(this, '_otel'));
    this.#forgetModules(file.filepath, false);
    state.hits = 0;
    state.active = id;
    try {
      const [result] = await startTests([file.filepath], inner);
      if (result) inner.failed ??= failureIn(result);
      return inner;
    } finally {
      state.active = '-';
    }
  }

  #forgetModules(filepath: string, all: boolean): void {
    const { evaluatedModules } = Reflect.get(this, 'workerState');
    for (const [id, module] of evaluatedModules.idToModuleMap)
      if (
        id === filepath ||
        (all &&
          id.startsWith(this.config.root) &&
          !id.includes('/node_modules/') &&
          !id.includes('/test/mutation/'))
      )
        evaluatedModules.invalidateModule(module);
  }
}

class MutantRunner extends TestRunner {
  readonly #chosen: boolean[];
  readonly #toTheEnd: boolean;
  readonly #positions = new Map<Test, number>();
  failed: string | undefined;
  readonly failing = new Set<number>();

  constructor(config: ConstructorParameters<typeof TestRunner>[0], chosen: boolean[], toTheEnd: boolean) {
    super(config);
    this.#chosen = chosen;
    this.#toTheEnd = toTheEnd;
  }
  onCollected(files: File[]): void {
    const [file] = files;
    if (!file) return;
    for (const [i, test] of testsIn(file).entries()) {
      this.#positions.set(test, i);
      if (!this.#chosen[i]) test.mode = 'skip';
    }
    skipEmpty(file);
  }
  async onTestAnnotate(_test: Test, annotation: TestAnnotation): Promise<TestAnnotation> {
    return annotation;
  }
  override async onBeforeRunTask(test: Test): Promise<void> {
    if (this.failed !== undefined && !this.#toTheEnd) test.mode = 'skip';
    await super.onBeforeRunTask(test);
  }
  override onAfterRunTask(test: Test): void {
    if (test.result?.state === 'fail') {
      this.failed ??= test.name;
      this.failing.add(this.#positions.get(test) ?? -1);
      if (!this.#toTheEnd) endInBackground(test.suite ?? test.file);
      if (process.env.MUTATION_DEBUG)
        process.stderr.write(
          `${state.active} ${test.name}: ${test.result.errors?.[0]?.message} ${test.result.errors?.[0]?.stack?.slice(0, 600)}\n`,
        );
    }
    super.onAfterRunTask(test);
  }
  override async onBeforeRunSuite(suite: Suite): Promise<void> {
    if (this.failed !== undefined && !this.#toTheEnd) suite.mode = 'skip';
    await super.onBeforeRunSuite(suite);
  }
  /** Without the snapshots, of which there are none. */
  override async onAfterRunSuite(): Promise<void> {}
}

/** A mutant that a test found may keep a server from closing, so nobody waits for it. */
function endInBackground(suite: Suite): void {
  const run = async (hook: (suite: Suite) => unknown) => {
    await hook(suite);
  };
  for (const hook of getHooks(suite).afterAll.splice(0)) run(hook).catch(() => undefined);
  if (!('filepath' in suite)) endInBackground(suite.suite ?? suite.file);
}

function isHeapFull(): boolean {
  const isOver = () => process.memoryUsage().heapUsed > MAX_HEAP_BYTES;
  if (isOver()) globalThis.gc?.();
  return isOver();
}

function fastest(tests: readonly Test[]): ReadonlySet<Test> {
  const ms = ({ result }: Test) => result?.duration ?? 0;
  const sorted = tests.toSorted((a, b) => ms(a) - ms(b));
  let total = 0;
  return new Set(
    sorted.filter((test) => {
      total += ms(test);
      return total <= MAX_TESTS_MS;
    }),
  );
}

function only(position: number, tests: readonly unknown[]): boolean[] {
  return tests.map((_, i) => i === position);
}

function testsIn(task: Task): Test[] {
  return task.type === 'test' ? [task] : task.tasks.flatMap(testsIn);
}

function skipEmpty(suite: Suite): boolean {
  const parts = suite.tasks.map((task) =>
    task.type === 'test' ? task.mode === 'run' || task.mode === 'queued' : skipEmpty(task),
  );
  const hasTests = parts.includes(true);
  if (!hasTests) suite.mode = 'skip';
  return hasTests;
}

/** A failed hook or import. */
function failureIn(task: Task): string | undefined {
  if (task.result?.state === 'fail') return task.name;
  return task.type === 'test' ? undefined : task.tasks.map(failureIn).find((name) => name !== undefined);
}
