import { type DestinationStream, destination } from 'pino';

/** Lines are written when there are this many characters, … */
const MAX_BUFFERED = 32 * 1024;
/** … or after this many milliseconds, and when the process ends. */
const FLUSH_MS = 100;

let output: DestinationStream | undefined;

/** The standard output of this process, which all logs share. */
export function standardOutput(): DestinationStream {
  output ??= openStandardOutput();
  return output;
}

/** Lines are joined here: sonic-boom copies what it has buffered for each line that is added to it. */
function openStandardOutput(): DestinationStream {
  const file = destination({ fd: 1, sync: false });
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
      lines.push(line);
      size += line.length;
      if (size >= MAX_BUFFERED) pass();
    },
  };
}
