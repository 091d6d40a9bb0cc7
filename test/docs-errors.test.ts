import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
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

describe('what the pages promise about request ids', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:');
  });
  afterAll(async () => {
    await server.close();
  });

  /** Sends a request, and returns its status and how often the log has the search text of the pages, by message. */
  async function sendAndSearch(path: string, init: RequestInit) {
    const id = randomUUID();
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      ...init,
      headers: { 'content-type': 'application/json', ...init.headers, 'x-request-id': id },
    });
    await response.text();
    expect(response.headers.get('x-request-id')).toBe(id);
    const log = readFileSync(`.test-output/log-${process.pid}.ndjson`, 'utf8').split('\n');
    const found = log.filter((line) => line.includes(`"requestId":"${id}"`));
    return {
      status: response.status,
      operations: found.filter((line) => line.includes('"msg":"operation"')).length,
    };
  }

  test.each(['{ __typename }', '{ unknown }', '{'])(
    'a search for the id finds the line of %s',
    async (query) => {
      const { operations } = await sendAndSearch('/graphql', { body: JSON.stringify({ query }) });
      expect(operations).toBe(1);
    },
  );

  test.each(['docs/deployment.md', 'docs/deployment.zh-CN.md'])(
    '%s lists the statuses without a line',
    // 405 and 503 are in test/http.test.ts and test/overload.test.ts.
    async (page) => {
      const outcomes = await Promise.all([
        sendAndSearch('/nowhere', { body: '{}' }),
        sendAndSearch('/graphql', { body: ' '.repeat(65 * 1024) }),
        sendAndSearch(`/graphql?${'x'.repeat(8 * 1024)}`, { body: '{}' }),
        sendAndSearch('/graphql', { body: '{}', headers: { 'content-type': 'text/xml' } }),
      ]);
      const sentence =
        /.*(?:such line|没有这行日志)/.exec(readFileSync(page, 'utf8').replaceAll('\n', ' '))?.[0] ?? '';
      const listed = /404\D.+\D503/.exec(sentence)?.[0].match(/\d+/g)?.map(Number) ?? [];
      expect(listed).toEqual([404, 405, 413, 414, 415, 503]);
      expect(outcomes).toEqual([404, 413, 414, 415].map((status) => ({ status, operations: 0 })));
    },
  );

  test('a request that is not valid HTTP gets no id', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('NOT HTTP\r\n\r\n');
    const response = await text(socket);
    expect(response).toMatch(/^HTTP\/1\.1 400 /);
    expect(response).not.toContain('x-request-id');
  });

  test('a request that is rejected as a whole can have status 200 or 4xx', async () => {
    const body = JSON.stringify({ query: '{ unknown }' });
    const send = (accept: string) => sendAndSearch('/graphql', { body, headers: { accept } });
    expect((await send('application/json')).status).toBe(200);
    expect((await send('application/graphql-response+json')).status).toBe(400);
  });
});
