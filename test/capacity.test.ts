import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { costTable, TOLERANCE, theoryRows, theoryTable } from '../bench/simulation/check-tables.ts';
import { DEFAULTS, MEASURED, MEASURED_ON } from '../bench/simulation/inputs.ts';
import { inputsTable } from '../bench/simulation/inputs-table.ts';
import { loadTable, processesTable, storageTable } from '../bench/simulation/size-tables.ts';
import { printTable } from '../bench/simulation/text.ts';
import { readConfig } from '../src/config/config.ts';
import { tableRows } from './support/pages.ts';
import { environment } from './support/product.ts';

describe.each([
  ['docs/capacity.md', 'en'],
  ['docs/capacity.zh-CN.md', 'zh'],
] as const)('%s', (page, language) => {
  test('has the tables that bench/capacity.ts prints without a long simulation', () => {
    const text = readFileSync(page, 'utf8');
    for (const create of [inputsTable, costTable, loadTable, storageTable, theoryTable])
      expect(text).toContain(printTable(create(), language));
  });

  test('has what the simulation prints for a million users, to the digit', () => {
    const scales = [1_000_000];
    const row = printTable(processesTable(scales), language).split('\n').at(-1) ?? '';
    expect(readFileSync(page, 'utf8').split('\n')).toContain(row);
  });
});

test('the simulation agrees with queueing theory', () => {
  for (const { theory, simulated } of theoryRows())
    expect(Math.abs(simulated / theory - 1)).toBeLessThan(TOLERANCE);
});

/** A later run of the bench changes the page; this page names the date of the one that it follows from. */
test.skipIf(!readFileSync('docs/performance.md', 'utf8').includes(MEASURED_ON))(
  'the simulation has the measurements of docs/performance.md',
  () => {
    const figures = tableRows('docs/performance.md')
      .filter(([name, , ratio = '']) => name === '`ours`' && ratio.includes('('))
      .map(([, rate = '', , , , cpu = '', , statements = '']) =>
        [rate, cpu, statements].map((cell) => Number(cell.replaceAll(',', ''))),
      );
    for (const { requestsPerSecond, cpuUs, statements } of MEASURED)
      expect(figures).toContainEqual([requestsPerSecond, cpuUs, statements]);
  },
);

test('the simulation has the defaults of the server', () => {
  const env = {
    ...environment({ DATABASE_URL: 'mysql://user:password@127.0.0.1:3306/name' }),
    MAX_EVENT_LOOP_DELAY_MS: '',
  };
  const { database, wechat, overload } = readConfig(env);
  expect(database).toMatchObject({ poolSize: DEFAULTS.poolSize });
  expect(wechat).toMatchObject({ maxCalls: DEFAULTS.maxCalls, timeoutMs: DEFAULTS.timeoutMs });
  expect(overload).toEqual({ maxInFlight: DEFAULTS.maxInFlight, maxDelayMs: DEFAULTS.maxLoopDelayMs });
});
