/**
 * Waits for a promise, at most `ms` milliseconds. The promise itself is not cancelled.
 * @throws what `timeoutError` returns once the time is over
 */
export async function withDeadline<T>(
  ms: number,
  promise: Promise<T>,
  timeoutError: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timeoutError()), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
