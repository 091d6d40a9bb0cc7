/** Random numbers, the same for the same seed. */
export type Random = {
  /** From 0 to 1, without 1. */
  next(): number;
  exponential(mean: number): number;
  /** A lognormal distribution, by its median and its 99th percentile. */
  lognormal(median: number, p99: number): number;
};

/** The 99th percentile of the standard normal distribution. */
const Z_99 = 2.3263;

/** mulberry32: 32 bits of state, enough for some millions of numbers. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    next,
    exponential: (mean) => -mean * Math.log(1 - next()),
    lognormal(median, p99) {
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
      return median * Math.exp((normal * Math.log(p99 / median)) / Z_99);
    },
  };
}
