import cluster from 'node:cluster';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DestinationStream } from 'pino';

/** Lines are written when there are this many bytes, … */
const MAX_BUFFERED = 32 * 1024;
/** … or after this many milliseconds, and when the process ends. */
const FLUSH_MS = 100;
/** In a pipe that workers share, what is longer can be mixed with the lines of another worker. */
const PIPE_BUF = 4096;
/** While the reader stalls, lines are kept up to this many bytes; further ones are lost. */
const MAX_KEPT = 8 * 1024 * 1024;
/** A pipe that is full is tried again after this time, … */
const RETRY_MS = 10;
/** … and given up when the process ends and it is still full. */
const MAX_WAIT_MS = 1000;
const STANDARD_OUTPUT = 1;

type Output = DestinationStream & { flushSync(): void; flush(): Promise<void> };

let output: Output | undefined;

/** The standard output of this process, which all logs share. */
export function standardOutput(): Output {
  output ??= openOutput(STANDARD_OUTPUT);
  return output;
}

/** Writes the lines that are still buffered, in their order. For the end of the process. */
export async function flushStandardOutput(): Promise<void> {
  await output?.flush();
}

/**
 * Joins lines, and writes them without blocking the event loop. sonic-boom 4.2, pino's own, copies all that it has
 * buffered for each line, keeps lines of a stalled reader without limit, and never ends when the reader is gone.
 */
function openOutput(fd: number): Output {
  const isSharedPipe = cluster.isWorker && !fs.fstatSync(fd).isFile();
  const maxWrite = isSharedPipe ? PIPE_BUF : 2 * MAX_BUFFERED;
  const maxBuffered = isSharedPipe ? PIPE_BUF - 1024 : MAX_BUFFERED;
  let lines: Buffer[] = [];
  let size = 0;
  /** What is being written. */
  let rest: Buffer | null = null;
  let isBroken = false;

  /** As many lines as fit, but one at least. */
  function takeLines(): Buffer {
    let length = 0;
    const end = lines.findIndex((line, i) => {
      length += line.length;
      return i > 0 && length > maxWrite;
    });
    const taken = end < 0 ? lines : lines.slice(0, end);
    lines = end < 0 ? [] : lines.slice(end);
    const chunk = Buffer.concat(taken);
    size -= chunk.length;
    return chunk;
  }

  function begin(): void {
    if (rest || lines.length === 0 || isBroken) return;
    rest = takeLines();
    writeRest();
  }

  function writeRest(): void {
    if (!rest) return;
    fs.write(fd, rest, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(writeRest, RETRY_MS);
      else if (error) giveUp();
      else {
        rest = rest && written < rest.length ? rest.subarray(written) : null;
        if (rest) writeRest();
        else if (size >= maxBuffered) begin();
      }
    });
  }

  /** The reader is gone. */
  function giveUp(): void {
    isBroken = true;
    lines = [];
    size = 0;
    rest = null;
  }

  setInterval(begin, FLUSH_MS).unref();
  const self: Output = {
    write(text) {
      if (isBroken || size > MAX_KEPT) return;
      const line = Buffer.from(text);
      lines.push(line);
      size += line.length;
      if (size >= maxBuffered) begin();
    },
    /** What is being written already may end after it. */
    flushSync() {
      const end = performance.now() + MAX_WAIT_MS;
      while (lines.length > 0 && !isBroken) if (!writeAllSync(fd, takeLines(), end)) giveUp();
    },
    async flush() {
      const end = performance.now() + MAX_WAIT_MS;
      begin();
      while ((rest || lines.length > 0) && performance.now() < end) {
        await sleep(1);
        begin();
      }
    },
  };
  process.once('exit', self.flushSync);
  return self;
}

/** Whether all of it was written before the time was over. */
function writeAllSync(fd: number, chunk: Buffer, end: number): boolean {
  let rest = chunk;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(fd, rest));
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!isFull || performance.now() > end) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
  return true;
}
