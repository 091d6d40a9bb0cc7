import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_ACTIONS, ERROR_CODES } from '../src/errors/codes.ts';
import { tableRows } from './support/pages.ts';
import { type Server, startServer } from './support/server.ts';

const CODES = Object.entries(ERROR_CODES).map(([code, { action, meaning }]) => ({ code, action, meaning }));

/** The rows of the error table: code, action, meaning. */
function codesOf(page: string) {
  return tableRows(page)
    .filter(([, action = '']) => Object.hasOwn(ERROR_ACTIONS, action.replaceAll('`', '')))
    .map(([code = '', action = '', meaning = '']) => ({
      code: code.replaceAll('`', ''),
      action: action.replaceAll('`', ''),
      meaning,
    }));
}

test.each(['docs/errors.md', 'README.md'])('%s has every error code, with its action and meaning', (page) => {
  expect(codesOf(page)).toEqual(CODES);
});

test('docs/errors.md has every action, with its meaning', () => {
  const actions = tableRows('docs/errors.md').filter(([action = '']) =>
    Object.hasOwn(ERROR_ACTIONS, action.replaceAll('`', '')),
  );
  expect(actions).toEqual(Object.entries(ERROR_ACTIONS).map(([action, text]) => [`\`${action}\``, text]));
});

describe.each(['docs/errors.zh-CN.md', 'README.zh-CN.md'])('%s', (page) => {
  test('has every error code with its action', () => {
    expect(codesOf(page).map(({ code, action }) => ({ code, action }))).toEqual(
      CODES.map(({ code, action }) => ({ code, action })),
    );
  });

  test('says all meanings in Chinese, the same as the other page', () => {
    expect(codesOf(page)).toEqual(codesOf('docs/errors.zh-CN.md'));
    for (const { code, meaning } of codesOf(page)) expect(meaning, code).toMatch(/\p{Script=Han}{2}/u);
  });
});

describe('/errors', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:', { NODE_ENV: 'development' });
  });
  afterAll(async () => {
    await server.close();
  });

  test.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', '', 'zh-CN'],
    ['en-US,en;q=0.9,zh;q=0.8', '', 'en'],
    ['', '', 'en'],
    ['zh-CN', '?lang=en', 'en'],
    ['en', '?lang=zh-CN', 'zh-CN'],
  ])(
    'for Accept-Language "%s" %s is an HTML page in %s with every code',
    async (accept, search, language) => {
      const response = await fetch(`${server.url}/errors${search}`, {
        headers: { 'accept-language': accept },
      });
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('vary')).toContain('Accept-Language');
      const html = await response.text();
      expect(html).toContain(`<html lang="${language}">`);
      expect(html).toContain(`href="/errors?lang=${language === 'en' ? 'zh-CN' : 'en'}"`);
      for (const code of Object.keys(ERROR_CODES)) expect(html).toContain(`<td><code>${code}</code></td>`);
      expect(html).not.toMatch(/^\| /m);
    },
  );
});
