/** By how many milliseconds the event loop was late when it was measured last. */
export type LoopDelay = { ms(): number; close(): void };

const INTERVAL_MS = 50;

/** Measures by a timer, which runs late by the time that requests wait as well. */
export function measureLoopDelay(): LoopDelay {
  let delayMs = 0;
  let dueAt = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    delayMs = Math.max(0, now - dueAt);
    dueAt = now + INTERVAL_MS;
  }, INTERVAL_MS).unref();
  return { ms: () => delayMs, close: () => clearInterval(timer) };
}
