import { withPaced } from './paced.ts';

/**
 * The CPU time of a request at rates that do not depend on the responses, from nearly idle to nearly full. Between, fewer
 * requests share a turn of the event loop: docs/capacity.md compares this with its simulation.
 */
const SECONDS = 5;
const LOADS = [
  { name: 'me', logins: 0, rates: [200, 1000, 2000, 4000, 8000] },
  { name: 'login', logins: 100, rates: [50, 200, 500, 800] },
];

await withPaced(async ({ load, cpu }) => {
  process.stdout.write(
    '| requests | sent/s | ok/s | CPU µs | core | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n',
  );
  for (const { name, logins, rates } of LOADS) {
    await load({ seconds: 2 * SECONDS, rate: rates.at(-1) ?? 0, connections: 400, logins, uniques: 0 });
    for (const rate of rates) {
      const before = cpu();
      const { ok, p50, p99 } = await load({
        seconds: SECONDS,
        rate,
        connections: 400,
        logins,
        uniques: 0,
        isRandom: true,
      });
      const used = cpu() - before;
      const share = (100 * used) / 1e6 / SECONDS;
      process.stdout.write(
        `| ${name} | ${rate} | ${Math.round(ok / SECONDS)} | ${Math.round(used / ok)} | ${share.toFixed(0)} % | ${p50.toFixed(1)} | ${p99.toFixed(1)} |\n`,
      );
    }
  }
});
