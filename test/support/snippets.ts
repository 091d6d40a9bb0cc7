import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Snippet = { language: string; name: string; text: string };

/** The code blocks of a page. A name is the word after the language. */
export function snippetsOf(page: string): Snippet[] {
  return [...readFileSync(page, 'utf8').matchAll(/^ *```(\w+)(?: (\S+))?\n(.*?)^ *```/gms)].map(
    ([, language = '', name = '', text = '']) => ({ language, name, text }),
  );
}

/** Writes the blocks that have a name as files into a folder. */
export function writeSnippets(
  snippets: readonly Snippet[],
  folder: string,
  change = (text: string) => text,
): void {
  for (const { name, text } of snippets.filter((snippet) => snippet.name)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), change(text));
  }
}

/** The relative links of a page, as paths. */
export function linksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) =>
    join(dirname(page), path),
  );
}
