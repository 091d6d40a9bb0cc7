import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** The log of the products of this process. */
const PATH = `.test-output/log-${process.pid}.ndjson`;

/** Where the next line begins. */
export function endOfLog(): number {
  return statSync(PATH).size;
}

/** The lines from a position on. Reading all of them would take longer with each test. */
export function readLog(from: number): string[] {
  const file = openSync(PATH, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - from);
    readSync(file, bytes, 0, bytes.length, from);
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  } finally {
    closeSync(file);
  }
}
