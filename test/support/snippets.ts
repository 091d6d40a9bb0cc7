import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Snippet = { language: string; name: string; text: string };

/** The code blocks of a page; a name is what stands behind the language. */
export const snippetsOf = (page: string): Snippet[] =>
  [...readFileSync(page, 'utf8').matchAll(/^ *```(\w+)(?: (\S+))?\n(.*?)^ *```/gms)].map(
    ([, language = '', name = '', text = '']) => ({ language, name, text }),
  );

/** Writes the blocks that have a name into a folder, as a reader of the page would. */
export const writeSnippets = (
  snippets: readonly Snippet[],
  folder: string,
  change = (text: string) => text,
) => {
  for (const { name, text } of snippets.filter((snippet) => snippet.name)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), change(text));
  }
};

/** The relative links of a page. */
export const linksOf = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) =>
    join(dirname(page), path),
  );
