import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The Markdown pages of the repository, also those that are not committed yet. */
export function allPages(): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*.md'],
    { encoding: 'utf8' },
  );
  return listed.trim().split('\n');
}

/** The cells of all table rows of a page, without the separators between head and body. */
export function tableRows(page: string): string[][] {
  return linesOutsideCode(readFileSync(page, 'utf8'))
    .filter((line) => line.startsWith('|') && !/^[|\s:-]+$/.test(line))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The lines of a text that are not in a fenced code block. */
export function linesOutsideCode(text: string): string[] {
  return text.replace(/^( *)```.*?^ *```$/gms, '').split('\n');
}

/** The levels of the headings of a page, in order. */
export function headingLevels(page: string): number[] {
  return linesOutsideCode(readFileSync(page, 'utf8')).flatMap(
    (line) => /^#+(?= )/.exec(line)?.[0].length ?? [],
  );
}

export type CodeBlock = {
  /** The language, and the file name if there is one. */
  info: string;
  /** Without comments and empty lines. */
  code: string;
};

export function codeBlocks(page: string): CodeBlock[] {
  return [...readFileSync(page, 'utf8').matchAll(/^ *```([^\n]*)\n(.*?)^ *```/gms)].map(
    ([, info = '', text = '']) => ({ info, code: withoutComments(text) }),
  );
}

function withoutComments(code: string): string {
  return code
    .replace(/\/\*.*?\*\/|<!--.*?-->/gs, '')
    .replace(/(^|\s)(\/\/|#).*$/gm, '')
    .replace(/^\s*\n/gm, '');
}
