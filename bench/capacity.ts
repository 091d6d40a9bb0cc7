import { parseArgs } from 'node:util';
import { writeBlock } from './page.ts';
import {
  benchTable,
  costTable,
  ratesTable,
  TOLERANCE,
  theoryRows,
  theoryTable,
} from './simulation/check-tables.ts';
import { inputsTable } from './simulation/inputs-table.ts';
import { outageTable } from './simulation/outage-table.ts';
import { burstTable, coreTable, loadTable, processesTable, storageTable } from './simulation/size-tables.ts';
import { printTable, type Table } from './simulation/text.ts';

/**
 * The figures of docs/capacity.md: what so many users need, from the figures of the bench, the assumptions in
 * simulation/inputs.ts, and a simulation. The same each time. `--write` writes them into the page.
 */
const BLOCKS: Record<string, () => Table[]> = {
  inputs: () => [inputsTable()],
  checks: () => [theoryTable(), costTable(), benchTable(), ratesTable()],
  core: () => [coreTable()],
  load: () => [loadTable()],
  processes: () => [processesTable()],
  storage: () => [storageTable()],
  burst: () => [burstTable()],
  outages: () => [outageTable()],
};
const PAGES = { en: 'docs/capacity.md', zh: 'docs/capacity.zh-CN.md' } as const;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
for (const [name, create] of Object.entries(BLOCKS)) {
  const tables = create();

  for (const table of tables) process.stdout.write(`${printTable(table, 'en')}\n\n`);
  if (values.write)
    for (const language of ['en', 'zh'] as const)
      writeBlock(
        PAGES[language],
        tables.map((table) => printTable(table, language)).join('\n\n'),
        `capacity ${name}`,
      );
}
const wrong = theoryRows().filter(({ theory, simulated }) => Math.abs(simulated / theory - 1) > TOLERANCE);
if (wrong.length > 0) {
  process.stderr.write('The simulation differs from queueing theory.\n');
  process.exitCode = 1;
}
process.stderr.write(`${(performance.now() / 1000).toFixed(0)} s\n`);
