import cluster from 'node:cluster';
import { fstatSync } from 'node:fs';
import { type DestinationStream, destination } from 'pino';

/** Lines are written when there are this many characters, … */
const MAX_BUFFERED = 32 * 1024;
/** In a pipe that workers share, longer writes than 4096 bytes could be mixed with those of another worker. */
const MAX_BUFFERED_IN_SHARED_PIPE = 3 * 1024;
/** … or after this many milliseconds, and when the process ends. */
const FLUSH_MS = 100;
const STANDARD_OUTPUT = 1;

let output: DestinationStream | undefined;

/** The standard output of this process, which all logs share. */
export function standardOutput(): DestinationStream {
  output ??= openStandardOutput();
  return output;
}

/** Lines are joined here: sonic-boom copies what it has buffered for each line that is added to it. */
function openStandardOutput(): DestinationStream {
  const file = destination({ fd: STANDARD_OUTPUT, sync: false });
  const isSharedPipe = cluster.isWorker && !fstatSync(STANDARD_OUTPUT).isFile();
  const maxBuffered = isSharedPipe ? MAX_BUFFERED_IN_SHARED_PIPE : MAX_BUFFERED;
  let lines: string[] = [];
  let size = 0;

  function pass(): void {
    if (size === 0) return;
    file.write(lines.join(''));
    lines = [];
    size = 0;
  }

  setInterval(pass, FLUSH_MS).unref();
  process.once('exit', () => {
    pass();
    file.flushSync();
  });
  return {
    write(line) {
      if (size + line.length > maxBuffered) pass();
      lines.push(line);
      size += line.length;
    },
  };
}
