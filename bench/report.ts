import type { Measurement } from './measure.ts';
import { type Cell, MAIN_CONCURRENCY, sameCell } from './plan.ts';
import type { Words } from './words.ts';

/** What a run of the bench found. */
export type Results = {
  measurements: readonly Measurement[];
  cells: readonly Cell[];
  /** In the order of the rows. */
  servers: readonly { name: string; startMs: number }[];
  /** Servers that were not measured, and why. */
  leftOut: readonly string[];
  /** Processors, and who used which. */
  cores: string;
  /** What `npm ci --omit=dev` installs; undefined if it was not measured. */
  installed: { megabytes: number; packages: number } | undefined;
};

/** All rounds of one server in one cell. */
type Figures = {
  runs: readonly Measurement[];
  /** Of requests per second, and of requests per second of CPU time, to the reference in the same round. */
  ratios: readonly number[];
  cpuRatios: readonly number[];
  failure: string | undefined;
};

/** A column: its title and the value of a server in a cell. */
type Column = { title: string; value(figures: Figures): string };

function columnsOf(words: Words): Column[] {
  return [
    { title: words.requestsPerSecond, value: ({ runs }) => middle(runs, 'requestsPerSecond', 0) },
    { title: words.ratio, value: ({ ratios }) => spread(ratios) },
    { title: 'p50 ms', value: ({ runs }) => middle(runs, 'p50Ms', 2) },
    { title: 'p99 ms', value: ({ runs }) => middle(runs, 'p99Ms', 2) },
    { title: words.cpu, value: ({ runs }) => middle(runs, 'cpuMicroseconds', 0) },
    { title: words.cpuRatio, value: ({ cpuRatios }) => format(median(cpuRatios), 2) },
    { title: words.statements, value: ({ runs }) => middle(runs, 'statementsPerRequest', 2) },
    { title: words.memory, value: ({ runs }) => middle(runs, 'residentMb', 0) },
    { title: words.cores, value: ({ runs }) => shares(runs) },
  ];
}

/** All tables: the summary, then one for each cell. */
export function writeReport(results: Results, words: Words): string {
  const { cells, installed, leftOut } = results;
  const date = new Date().toISOString().slice(0, 10);
  return [
    words.conditions(results.cores, process.versions.node, date),
    ...(leftOut.length > 0 ? [words.notMeasured(leftOut)] : []),
    summaryTable(results, words),
    ...comparison(results, words),
    ...(installed ? [words.installed(format(installed.megabytes, 0), installed.packages)] : []),
    ...cells.map((cell) => cellTable(results, cell, words)),
  ].join('\n\n');
}

/** What README quotes. */
export function writeSummary(results: Results, words: Words): string {
  const date = new Date().toISOString().slice(0, 10);
  return [words.conditions(results.cores, process.versions.node, date), summaryTable(results, words)].join(
    '\n\n',
  );
}

const OURS = 'ours';

function isMain({ concurrency, delayMs }: Cell): boolean {
  return concurrency === MAIN_CONCURRENCY && delayMs === 0;
}

/** How many times as fast as each other server ours is, in the same rounds. */
function comparison({ measurements, cells, servers }: Results, words: Words): string[] {
  const main = cells.filter(isMain);
  const others = servers.map(({ name }) => name).filter((name) => name !== OURS);
  if (!measurements.some(({ server }) => server === OURS) || others.length === 0) return [];
  const header = [words.server, ...main.map((cell) => words.shortCell(cell))];
  const rows = others.map((name) => [
    `\`${name}\``,
    ...main.map((cell) => {
      const here = measurements.filter((one) => sameCell(one.cell, cell));
      return spread(pairsOf(here, OURS, name).map(({ run, base }) => speedRatio(run, base)));
    }),
  ]);
  return [`${words.comparison(OURS)}\n\n${table(header, rows)}`];
}

/** The table that README quotes: MariaDB, 64 connections, WeChat at once. */
function summaryTable({ measurements, cells, servers }: Results, words: Words): string {
  const main = cells.filter((cell) => isMain(cell) && cell.database === 'mariadb');
  const shown = columnsOf(words).filter(({ title }) => [words.ratio, 'p99 ms', words.cpu].includes(title));
  const header = [
    words.server,
    ...main.flatMap(({ operation }) => shown.map(({ title }) => `\`${operation}\`: ${title}`)),
    words.memory,
    words.start,
  ];
  const rows = servers.flatMap(({ name, startMs }) => {
    const figures = main.map((cell) => figuresOf(measurements, name, cell));
    if (figures.every(({ runs }) => runs.length === 0)) return [];
    const values = figures.flatMap((one) => shown.map((column) => textOf(column, one, words)));
    const memory = middle(
      figures.flatMap(({ runs }) => runs),
      'residentMb',
      0,
    );
    return [[`\`${name}\``, ...values, memory, format(startMs, 0)]];
  });
  return table(header, rows);
}

/** A table of all servers in one cell. CPU and statements are per request. */
function cellTable({ measurements, servers }: Results, cell: Cell, words: Words): string {
  const columns = columnsOf(words);
  const rows = servers.flatMap(({ name }) => {
    const figures = figuresOf(measurements, name, cell);
    if (figures.runs.length === 0) return [];
    return [[`\`${name}\``, ...columns.map((column) => textOf(column, figures, words))]];
  });
  const header = [words.server, ...columns.map(({ title }) => title)];
  return `${words.cell(cell, referenceOf(measurements, cell) ?? '')}\n\n${table(header, rows)}`;
}

/** A run with a failed response has no figures at all. */
function textOf({ value }: Column, figures: Figures, { failed }: Words): string {
  return figures.failure === undefined ? value(figures) : failed;
}

function figuresOf(measurements: readonly Measurement[], server: string, cell: Cell): Figures {
  const here = measurements.filter((one) => sameCell(one.cell, cell));
  const reference = referenceOf(measurements, cell);
  const runs = here.filter((one) => one.server === server);
  const pairs = reference === undefined ? [] : pairsOf(here, server, reference);
  return {
    runs,
    ratios: pairs.map(({ run, base }) => speedRatio(run, base)),
    cpuRatios: pairs.map(({ run, base }) => base.cpuMicroseconds / run.cpuMicroseconds),
    failure: runs.find(({ failure }) => failure !== undefined)?.failure,
  };
}

/** The measurements of two servers in the same rounds of one cell, without failed ones. */
function pairsOf(here: readonly Measurement[], server: string, reference: string) {
  const good = here.filter(({ failure }) => failure === undefined);
  return good
    .filter((run) => run.server === server)
    .flatMap((run) => {
      const base = good.find((one) => one.server === reference && one.round === run.round);
      return base ? [{ run, base }] : [];
    });
}

function speedRatio(run: Measurement, base: Measurement): number {
  return run.requestsPerSecond / base.requestsPerSecond;
}

/** The server that the others are compared with in a cell. */
function referenceOf(measurements: readonly Measurement[], cell: Cell): string | undefined {
  const here = measurements.filter((one) => sameCell(one.cell, cell));
  return ['raw', 'baseline', 'ours'].find((name) => here.some(({ server }) => server === name));
}

type Numeric = {
  [Key in keyof Measurement]: Measurement[Key] extends number ? Key : never;
}[keyof Measurement];

function middle(runs: readonly Measurement[], key: Numeric, digits: number): string {
  return format(median(runs.map((one) => one[key])), digits);
}

function shares(runs: readonly Measurement[]): string {
  const keys = ['serverShare', 'databaseShare', 'wechatShare', 'loadShare'] as const;
  return keys.map((key) => `${format(100 * median(runs.map((one) => one[key])), 0)} %`).join(', ');
}

function spread(ratios: readonly number[]): string {
  if (ratios.length === 0) return '–';
  const [min, max] = [Math.min(...ratios), Math.max(...ratios)];
  return `${format(median(ratios), 2)} (${format(min, 2)}–${format(max, 2)})`;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

function format(value: number, digits: number): string {
  if (Number.isNaN(value)) return '–';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const ruler = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [header, ruler, ...rows].map(line).join('\n');
}
