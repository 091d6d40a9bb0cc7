import { existsSync, readFileSync } from 'node:fs';

/** One line of the journal, which the runs of all test files append to. */
export type Entry = {
  /** The test file. */
  file: string;
  /** Of the mutant. */
  id: string;
  /** `spoiled`: the tests of the file fail without a mutant, so it must be started again. */
  status: 'started' | 'killed' | 'survived' | 'done' | 'spoiled';
  /** The name of the test that failed. */
  by?: string;
};

export function readJournal(path: string): Entry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
