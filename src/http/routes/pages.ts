import { readFile } from 'node:fs/promises';
import { packageFile } from '../../common/package-file.ts';
import { createCachedPage } from '../cached-page.ts';
import { renderMarkdownPage } from '../markdown-page.ts';
import type { Route } from '../router.ts';

/** `/`: redirects to GraphiQL. */
export function homeRoute(): Route {
  return () => ({ status: 302, headers: { location: '/graphql' } });
}

const FILES = { en: 'errors.md', 'zh-CN': 'errors.zh-CN.md' } as const;

/** `/errors`: the table of error codes, in the language of `?lang=` or else of the browser. */
export function errorTableRoute(): Route {
  const pages = new Map<string, ReturnType<typeof createCachedPage>>();

  async function pageIn(language: keyof typeof FILES) {
    const file = packageFile(`docs/${FILES[language]}`);
    const page = createCachedPage(renderMarkdownPage(await readFile(file, 'utf8'), language, linkOf));
    pages.set(language, page);
    return page;
  }

  return async (request, { search }) => {
    const language = isChinese(new URLSearchParams(search).get('lang') ?? request.headers['accept-language'])
      ? 'zh-CN'
      : 'en';
    const page = pages.get(language) ?? (await pageIn(language));
    const reply = await page(request);
    return { ...reply, headers: { ...reply.headers, vary: 'Accept-Encoding, Accept-Language' } };
  };
}

function linkOf(href: string): string | undefined {
  const language = Object.entries(FILES).find(([, file]) => file === href)?.[0];
  return language && `/errors?lang=${language}`;
}

function isChinese(language = ''): boolean {
  return /^zh\b/i.test(language);
}
