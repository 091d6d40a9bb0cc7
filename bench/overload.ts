import { setTimeout as sleep } from 'node:timers/promises';
import { type Paced, withPaced } from './paced.ts';
import type { PacedLoad, PacedOptions } from './paced-load.ts';

/**
 * Sends four times as many requests as the server handles, for a minute, and prints what becomes of them: logins with a
 * WeChat that takes 50 ms, and one login to four `me`. SECONDS=10 is shorter, FACTOR=2 less.
 */
const SECONDS = Number(process.env.SECONDS ?? 60);
const FACTOR = Number(process.env.FACTOR ?? 4);
const SCENARIOS = [
  { name: 'Logins', mix: { logins: 100, uniques: 0 } },
  { name: 'One login to four `me`', mix: { logins: 20, uniques: 0 } },
];
const BUSY_CONNECTIONS = 256;
const CONNECTIONS = 2000;
const NORMAL_SECONDS = 5;
const MEASURED_SECONDS = 10;
const PAUSE_MS = 5000;

await withPaced(async (paced) => {
  for (const { name, mix } of SCENARIOS) {
    process.stdout.write(`\n${name}\n\n`);
    await overload(paced, mix);
  }
});

async function overload(
  { load, memory }: Paced,
  mix: Pick<PacedOptions, 'logins' | 'uniques'>,
): Promise<void> {
  const asFastAsPossible = { rate: 0, connections: BUSY_CONNECTIONS, ...mix };
  await load({ seconds: NORMAL_SECONDS, ...asFastAsPossible });
  const most = await load({ seconds: MEASURED_SECONDS, ...asFastAsPossible });
  const capacity = most.ok / MEASURED_SECONDS;
  const normal = {
    seconds: NORMAL_SECONDS,
    rate: Math.round(capacity / 2),
    connections: CONNECTIONS,
    ...mix,
  };
  process.stdout.write(
    '| requests | sent/s | ok/s | of these logins | 503/s | failed | without a response | not sent | p50 ms | p99 ms | slowest ms |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n',
  );
  print(`as fast as ${BUSY_CONNECTIONS} connections allow`, most, MEASURED_SECONDS);
  print('half of that', await load(normal), NORMAL_SECONDS);
  const before = memory();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, memory());
  }, 200);
  const over = await load({ ...normal, seconds: SECONDS, rate: Math.round(capacity * FACTOR) });
  clearInterval(watch);
  print(`${FACTOR} × that`, over, SECONDS);
  await sleep(PAUSE_MS);
  print('half, 5 s later', await load(normal), NORMAL_SECONDS);
  const share = (over.ok / SECONDS / capacity) * 100;
  const megabytes = [before, peak, memory()].map((size) => `${size.toFixed(0)} MB`);
  process.stdout.write(
    `\nGoodput: ${share.toFixed(0)} % of the maximum. Memory: ${megabytes[0]} before, at most ${megabytes[1]}, ${megabytes[2]} at the end.\n`,
  );
}

function print(name: string, load: PacedLoad, seconds: number): void {
  const perSecond = [load.sent, load.ok, load.okLogins, load.shed].map((count) =>
    String(Math.round(count / seconds)),
  );
  const times = [load.p50.toFixed(1), load.p99.toFixed(0), load.slowest.toFixed(0)];
  process.stdout.write(
    `| ${[name, ...perSecond, load.failed, load.lost, load.notSent, ...times].join(' | ')} |${load.example ? ` ${load.example}` : ''}\n`,
  );
}
