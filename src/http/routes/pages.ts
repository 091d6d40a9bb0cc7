import { readFile } from 'node:fs/promises';
import { packageFile } from '../../common/package-file.ts';
import { type ErrorTable, isErrorCode } from '../../errors/codes.ts';
import { createCachedPage } from '../cached-page.ts';
import { renderMarkdownPage } from '../markdown-page.ts';
import type { Route } from '../router.ts';

/** `/`: redirects to GraphiQL. */
export function homeRoute(): Route {
  return () => ({ status: 302, headers: { location: '/graphql' } });
}

const FILES = { en: 'errors.md', 'zh-CN': 'errors.zh-CN.md' } as const;

/**
 * `/errors`: the table of error codes, in the language of `?lang=` or else of the browser. Codes of modules follow those
 * of the core.
 */
export function errorTableRoute(errorCodes: ErrorTable): Route {
  const pages = new Map<string, ReturnType<typeof createCachedPage>>();

  async function pageIn(language: keyof typeof FILES) {
    const file = packageFile(`docs/${FILES[language]}`);
    const text = `${await readFile(file, 'utf8')}${moduleTable(errorCodes, language)}`;
    const page = createCachedPage(renderMarkdownPage(text, language, linkOf));
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

const TITLES = {
  en: '## Error codes of modules\n\n| Code | Action | Meaning |',
  'zh-CN': '## 模块的错误码\n\n| 错误码 | 操作 | 含义 |',
};

/** Empty without modules. */
function moduleTable(errorCodes: ErrorTable, language: keyof typeof FILES): string {
  const rows = Object.entries(errorCodes)
    .filter(([code]) => !isErrorCode(code))
    .map(
      ([code, { action, meaning }]) => `| \`${code}\` | \`${action}\` | ${meaning.replaceAll('|', '\\|')} |`,
    );
  return rows.length === 0 ? '' : `\n${[TITLES[language], '| --- | --- | --- |', ...rows].join('\n')}\n`;
}

function linkOf(href: string): string | undefined {
  const language = Object.entries(FILES).find(([, file]) => file === href)?.[0];
  return language && `/errors?lang=${language}`;
}

function isChinese(language = ''): boolean {
  return /^zh\b/i.test(language);
}
