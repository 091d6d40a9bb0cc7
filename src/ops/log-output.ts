import cluster from 'node:cluster';
import { fstatSync } from 'node:fs';
import { type DestinationStream, destination } from 'pino';

/** Lines are written when there are this many bytes, … */
const MAX_BUFFERED = 32 * 1024;
/** … or after this many milliseconds, and when the process ends. */
const FLUSH_MS = 100;
/** In a pipe that workers share, what is longer can be mixed with the lines of another worker. */
const PIPE_BUF = 4096;
const MAX_BUFFERED_IN_SHARED_PIPE = 3 * 1024;
const STANDARD_OUTPUT = 1;

type Output = DestinationStream & { flushSync(): void; flush(): Promise<void> };

type BytesOutput = {
  write(bytes: Buffer): unknown;
  /** Waits for a write that was begun, or begins one. */
  flush(done: () => void): void;
  /** Writes what no write was begun for, which can overtake one that was. */
  flushSync(): void;
};

let output: Output | undefined;

/** The standard output of this process, which all logs share. */
export function standardOutput(): Output {
  output ??= openStandardOutput();
  return output;
}

/** Writes the lines that are still buffered, in their order. For the end of the process. */
export async function flushStandardOutput(): Promise<void> {
  await output?.flush();
}

/**
 * Gives sonic-boom bytes, which it keeps in a list. Text it would join, and copy all that it has buffered for each line
 * that is added.
 */
function openStandardOutput(): Output {
  const isSharedPipe = cluster.isWorker && !fstatSync(STANDARD_OUTPUT).isFile();
  const file: unknown = destination({
    fd: STANDARD_OUTPUT,
    sync: false,
    contentMode: 'buffer',
    minLength: isSharedPipe ? MAX_BUFFERED_IN_SHARED_PIPE : MAX_BUFFERED,
    maxWrite: isSharedPipe ? PIPE_BUF : 2 * MAX_BUFFERED,
    periodicFlush: FLUSH_MS,
  });
  if (!takesBytes(file)) throw new TypeError('the destination of pino has no write, flush or flushSync');
  return {
    write(line) {
      file.write(Buffer.from(line));
    },
    flushSync: () => file.flushSync(),
    async flush() {
      // Its error is that of fsync, which pipes do not have.
      await new Promise<void>((resolve) => file.flush(() => resolve()));
      file.flushSync();
    },
  };
}

/** With `contentMode: 'buffer'`, which the types of sonic-boom do not know. */
function takesBytes(file: unknown): file is BytesOutput {
  return (
    typeof file === 'object' && file !== null && 'write' in file && 'flush' in file && 'flushSync' in file
  );
}
