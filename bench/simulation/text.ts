import { table } from '../report.ts';

/** The languages of docs/capacity.md. */
export type Language = 'en' | 'zh';

/** A cell: the same in all languages, or a text of each. */
export type Cell = string | Record<Language, string>;

export type Table = { title: Cell; header: readonly Cell[]; rows: readonly (readonly Cell[])[] };

export function text(en: string, zh: string): Cell {
  return { en, zh };
}

export function printTable({ title, header, rows }: Table, language: Language): string {
  const say = (cell: Cell) => (typeof cell === 'string' ? cell : cell[language]);
  const lines = table(
    header.map(say),
    rows.map((row) => row.map(say)),
  );
  return `${say(title)}\n\n${lines}`;
}

/** With the digits that matter: 3 for small numbers, none after the point for large ones. */
export function number(value: number, digits = value < 0.1 ? 3 : value < 1 ? 2 : value < 20 ? 1 : 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

export function percent(share: number): string {
  return `${number(100 * share, share < 0.1 && share > 0 ? 1 : 0)} %`;
}
