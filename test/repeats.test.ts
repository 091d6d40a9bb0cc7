import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRepeats } from '../src/common/single-flight.ts';

const SESSION = { openId: 'o'.repeat(28), sessionKey: 'Q0FOQVJZc2tz+/8BAgMEBQ==' };

test.each([0, 20])(
  'what still runs is shared, also after the %i ms for which it is remembered',
  async (ttlMs) => {
    const repeats = createRepeats<typeof SESSION, string>({ ttlMs });
    let runs = 0;
    const run = async () => {
      runs += 1;
      await setTimeout(60);
      return SESSION;
    };
    const attempt = () => repeats.session(['wx1', 'code', 'key'], run);
    const first = attempt();
    await setTimeout(40);
    expect(await Promise.all([first, attempt()])).toEqual([SESSION, SESSION]);
    expect(runs).toBe(1);
    await setTimeout(2);
    await attempt();
    expect(runs).toBe(2);
  },
);
