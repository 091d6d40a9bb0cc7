/** By how many milliseconds the event loop is late, again and again. */
export type LoopDelay = { ms(): number; close(): void };

const INTERVAL_MS = 50;
/** The smallest of so many counts: a start or a garbage collection delays the loop once, an overload each time. */
const MEASUREMENTS = 5;

/** Measures by a timer, which runs late by the time that requests wait as well. */
export function measureLoopDelay(): LoopDelay {
  const delays: number[] = Array(MEASUREMENTS).fill(0);
  let dueAt = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    delays.shift();
    delays.push(now - dueAt);
    dueAt = now + INTERVAL_MS;
  }, INTERVAL_MS).unref();
  return { ms: () => Math.min(...delays), close: () => clearInterval(timer) };
}
