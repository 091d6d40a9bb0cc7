import { withPaced } from './paced.ts';

/**
 * A load of logins, `me` and unique documents for 20 minutes, and the memory and open files of the server after each
 * minute. MINUTES=5 is shorter.
 */
const MINUTES = Number(process.env.MINUTES ?? 20);
const RATE = Number(process.env.RATE ?? 2000);
const MINUTE_S = 60;
/** Until then caches fill. */
const WARM_UP_MINUTES = 3;

await withPaced(async ({ load, memory, openFiles }) => {
  const rows: { minute: number; memory: number; openFiles: number }[] = [];
  let failed = 0;
  process.stdout.write(
    '| minute | ok | failed | RSS MB | open files |\n| ---: | ---: | ---: | ---: | ---: |\n',
  );
  for (let minute = 1; minute <= MINUTES + WARM_UP_MINUTES; minute++) {
    const result = await load({ seconds: MINUTE_S, rate: RATE, connections: 200, logins: 20, uniques: 10 });
    failed += result.failed + result.lost + result.shed;
    const row = { minute, memory: memory(), openFiles: openFiles() };
    if (minute > WARM_UP_MINUTES) rows.push(row);
    process.stdout.write(
      `| ${minute} | ${result.ok} | ${result.failed + result.lost + result.shed} | ${row.memory.toFixed(0)} | ${row.openFiles} |${result.example}\n`,
    );
  }
  const growth = slopeOf(rows.map((row) => [row.minute, row.memory])) * MINUTES;
  const mean = rows.reduce((sum, row) => sum + row.memory, 0) / rows.length;
  const files = rows.map((row) => row.openFiles);
  process.stdout.write(
    `\nAfter ${WARM_UP_MINUTES} minutes: RSS grows by ${((100 * growth) / mean).toFixed(1)} % in ${MINUTES} minutes (a line through all values); open files from ${Math.min(...files)} to ${Math.max(...files)}; ${failed} requests failed.\n`,
  );
});

/** Of the line with the least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(([value]) => value));
  const y = mean(points.map(([, value]) => value));
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return over / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}
