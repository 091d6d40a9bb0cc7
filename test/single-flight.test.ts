import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSingleFlight } from '../src/common/single-flight.ts';

const SESSION = { openId: 'o'.repeat(28), sessionKey: 'Q0FOQVJZc2tz+/8BAgMEBQ==' };

test.each([0, 20])(
  'a running task is shared, even after the %i ms for which its result is cached',
  async (ttlMs) => {
    const flights = createSingleFlight<typeof SESSION>({ ttlMs });
    let runs = 0;
    const task = async () => {
      runs += 1;
      await setTimeout(60);
      return SESSION;
    };
    const attempt = () => flights.run(['wx1', 'code', 'key'], task);
    const first = attempt();
    await setTimeout(40);
    expect(await Promise.all([first, attempt()])).toEqual([SESSION, SESSION]);
    expect(runs).toBe(1);
    await setTimeout(2);
    await attempt();
    expect(runs).toBe(2);
  },
);

test('a failed task is not cached', async () => {
  const flights = createSingleFlight<number>({ ttlMs: 10_000 });
  await expect(flights.run(['key'], () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  expect(await flights.run(['key'], async () => 1)).toBe(1);
});

test('a result that was forgotten while its task ran is not cached', async () => {
  const flights = createSingleFlight<number>({ ttlMs: 10_000 });
  const first = flights.run(['key'], async () => 1);
  flights.forget(['key']);
  expect(await first).toBe(1);
  expect(await flights.run(['key'], async () => 2)).toBe(2);
});

test('keys of the same text, split elsewhere, are different keys', async () => {
  const flights = createSingleFlight<number>({ ttlMs: 10_000 });
  expect(await flights.run(['a', 'bc'], async () => 1)).toBe(1);
  expect(await flights.run(['ab', 'c'], async () => 2)).toBe(2);
});
