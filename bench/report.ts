import type { Measurement } from './measure.ts';
import { type Cell, sameCell } from './plan.ts';

/** A column: its title and the value of a server in a cell. */
type Column = { title: string; value(figures: Figures): string };

/** All rounds of one server in one cell. */
type Figures = { runs: readonly Measurement[]; ratios: readonly number[]; failure: string | undefined };

const COLUMNS: readonly Column[] = [
  { title: 'requests/s', value: ({ runs }) => mid(runs, 'requestsPerSecond', 0) },
  { title: 'ratio, median (min–max)', value: ({ ratios }) => spread(ratios) },
  { title: 'p50 ms', value: ({ runs }) => mid(runs, 'p50Ms', 2) },
  { title: 'p99 ms', value: ({ runs }) => mid(runs, 'p99Ms', 2) },
  { title: 'CPU µs', value: ({ runs }) => mid(runs, 'cpuMicroseconds', 0) },
  { title: 'statements', value: ({ runs }) => mid(runs, 'statementsPerRequest', 2) },
  { title: 'RSS MB', value: ({ runs }) => mid(runs, 'residentMb', 0) },
  { title: 'cores: server, database, WeChat', value: ({ runs }) => shares(runs) },
];

/** The server that the others are compared with in a cell. */
export function referenceOf(measurements: readonly Measurement[]): string | undefined {
  const names = new Set(measurements.map(({ server }) => server));
  return ['raw', 'baseline', 'ours'].find((name) => names.has(name));
}

/** A table of all servers in one cell. CPU and statements are per request. */
export function cellTable(measurements: readonly Measurement[], cell: Cell): string {
  const here = measurements.filter((one) => sameCell(one.cell, cell));
  const reference = referenceOf(here);
  const names = [...new Set(here.map(({ server }) => server))];
  const header = ['server', ...COLUMNS.map(({ title }) => title)];
  const rows = names.map((name) => {
    const figures = figuresOf(here, name, reference);
    if (figures.failure) return [name, `failed: ${figures.failure}`, ...COLUMNS.slice(1).map(() => '')];
    return [name, ...COLUMNS.map(({ value }) => value(figures))];
  });
  return `${titleOf(cell)}; ratios to ${reference}\n\n${table(header, rows)}\n`;
}

export function titleOf({ operation, database, concurrency, delayMs }: Cell): string {
  const name = database === 'mariadb' ? 'MariaDB' : 'libSQL';
  const wechat = operation === 'me' ? '' : `, WeChat ${delayMs === 0 ? 'at once' : `after ${delayMs} ms`}`;
  return `\`${operation}\` on ${name}, ${concurrency} connections${wechat}`;
}

export function figuresOf(
  measurements: readonly Measurement[],
  server: string,
  reference: string | undefined,
): Figures {
  const runs = measurements.filter((one) => one.server === server);
  const ratios = runs.flatMap(({ round, requestsPerSecond }) => {
    const base = measurements.find((one) => one.server === reference && one.round === round);
    return base && !base.failure ? [requestsPerSecond / base.requestsPerSecond] : [];
  });
  return { runs, ratios, failure: runs.find(({ failure }) => failure)?.failure };
}

type Numeric = {
  [Key in keyof Measurement]: Measurement[Key] extends number ? Key : never;
}[keyof Measurement];

function mid(runs: readonly Measurement[], key: Numeric, digits: number): string {
  return format(median(runs.map((one) => one[key])), digits);
}

function shares(runs: readonly Measurement[]): string {
  return [mid(runs, 'serverShare', 2), mid(runs, 'databaseShare', 2), mid(runs, 'wechatShare', 2)].join(', ');
}

export function spread(ratios: readonly number[]): string {
  if (ratios.length === 0) return '–';
  const [min, max] = [Math.min(...ratios), Math.max(...ratios)];
  return `${format(median(ratios), 2)} (${format(min, 2)}–${format(max, 2)})`;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
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
