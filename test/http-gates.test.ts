import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { environment } from './support/product.ts';
import { startReplica } from './support/replica.ts';
import { type Server, startServer } from './support/server.ts';

const OURS = 'https://admin.example.com';
const ME = JSON.stringify({ query: '{ __typename }' });
const JSON_TYPE = 'application/json; charset=utf-8';

describe('the limits of HTTP', () => {
  let server: Server;
  let open: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:', { REQUEST_TIMEOUT_MS: '400' });
    open = await startServer('file::memory:', { CORS_ORIGINS: `${OURS}, http://localhost:8080` });
  });
  afterAll(() => Promise.all([server.close(), open.close()]));

  /** Sends these texts, so many milliseconds apart, and reads until the server closes the connection. */
  const speak = (texts: string[], apart = 0, port = server.port) =>
    new Promise<{ status: number; head: string; code: string | undefined; ms: number }>((resolve) => {
      const began = performance.now();
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        const [head = '', body = ''] = answer.split('\r\n\r\n');
        const parsed = body.startsWith('{') ? JSON.parse(body) : undefined;
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0);
        resolve({ status, head, code: parsed?.errors?.[0]?.extensions?.code, ms: performance.now() - began });
      });
      const next = (i: number) => {
        const text = texts[i];
        if (text === undefined || socket.destroyed) return;
        socket.write(text);
        setTimeout(next, apart, i + 1);
      };
      next(0);
    });
  const post = (init: RequestInit) => fetch(`${server.url}/graphql`, { method: 'POST', body: ME, ...init });
  const refusal = async (response: Response) => [
    response.status,
    response.headers.get('content-type'),
    (await response.json()).errors[0].extensions.code,
  ];

  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'query=mutation{logout{user{id}}}'],
    ['application/graphql', 'application/graphql', 'mutation { logout { user { id } } }'],
    ['plain text', 'text/plain', ME],
    [
      'multipart',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--',
    ],
    ['nothing', '', ME],
    ['JSON of another kind', 'application/jsonx', ME],
    ['two types', 'text/plain, application/json', ME],
  ])('%s is no JSON: 415, before anything is read from it', async (_name, type, body) => {
    expect(await refusal(await post({ headers: { 'content-type': type }, body }))).toEqual([
      415,
      JSON_TYPE,
      'BAD_REQUEST',
    ]);
  });

  test('a mutation by GET is rejected', async () => {
    for (const query of ['mutation{logout{user{id}}}', 'query A{__typename} mutation B{logout{user{id}}}']) {
      const response = await fetch(
        `${server.url}/graphql?operationName=B&query=${encodeURIComponent(query)}`,
      );
      const other = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`);
      for (const each of [response, other]) {
        expect([400, 405]).toContain(each.status);
        expect((await each.json()).data ?? null).toBeNull();
      }
    }
  });

  test('unknown paths and methods get JSON errors', async () => {
    for (const path of [
      '/',
      '/graphql/',
      '/nothing',
      '/.env',
      '/graphql/..%2f',
      '/__proto__',
      '/constructor',
      '/yoga-health',
      '//evil.example/x',
      '/%00',
      '/%ff',
    ]) {
      const response = await fetch(server.url + path, { redirect: 'manual' });
      if (path === '/' && response.status === 302) continue;
      expect([path, ...(await refusal(response))]).toEqual([path, 404, JSON_TYPE, 'NOT_FOUND']);
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await fetch(`${server.url}/graphql`, { method });
      expect([method, ...(await refusal(response))]).toEqual([method, 405, JSON_TYPE, 'BAD_REQUEST']);
    }
  });

  test('a body of more than 64 KB is rejected, one of 64 KB is accepted', async () => {
    const body = (size: number) =>
      JSON.stringify({ query: '{ __typename }', x: '' }).replace(
        '"x":""',
        `"extensions":{"x":"${'x'.repeat(size - 58)}"}`,
      );
    const send = (text: string) => post({ headers: { 'content-type': 'application/json' }, body: text });
    const fits = body(65_536);
    expect((await send(fits.padEnd(65_536))).status).toBe(200);
    expect(await refusal(await send(fits.padEnd(65_537)))).toEqual([
      413,
      JSON_TYPE,
      'REQUEST_ENTITY_TOO_LARGE',
    ]);
    expect(await refusal(await send('x'.repeat(5_000_000)))).toEqual([
      413,
      JSON_TYPE,
      'REQUEST_ENTITY_TOO_LARGE',
    ]);
  });

  test('of more than 32 MB nothing is waited for: 413 while they arrive, or before if the length is announced', async () => {
    const LIMIT = 32 * 1024 * 1024;
    const head = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const announcing = (size: number) => speak([`${head}Content-Length: ${size}\r\n\r\n`]);
    expect((await announcing(LIMIT)).code).toBe('REQUEST_TIMEOUT');
    expect((await announcing(LIMIT + 1)).code).toBe('REQUEST_ENTITY_TOO_LARGE');
    const chunk = `${(LIMIT + 1).toString(16)}\r\n${'x'.repeat(LIMIT + 1)}`;
    const endless = await speak([`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`], 0, open.port);
    expect(endless.code).toBe('REQUEST_ENTITY_TOO_LARGE');
  });

  test('a token of 100 KB, and headers of 17 KB: 431, UNAUTHENTICATED, in JSON', async () => {
    for (const headers of [
      `Authorization: Bearer ${'a'.repeat(100_000)}\r\n`,
      `X-A: ${'a'.repeat(17_000)}\r\n`,
      'X-A: a\r\n'.repeat(6000),
    ]) {
      const { status, code, head } = await speak([`POST /graphql HTTP/1.1\r\nHost: x\r\n${headers}\r\n`]);
      expect([status, code]).toEqual([431, 'UNAUTHENTICATED']);
      expect(head).toMatch(/content-type: application\/json/);
    }
  });

  test('a URL of more than 8 KB: 414', async () => {
    const url = `${server.url}/graphql?query=${'a'.repeat(8200)}`;
    expect(await refusal(await fetch(url))).toEqual([414, JSON_TYPE, 'BAD_REQUEST']);
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n'],
    ['two lengths', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    [
      'a length and chunks',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
    [
      'a bad chunk',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
  ])('%s: 400 in JSON, and the connection ends', async (_name, text) => {
    const { status, code } = await speak([text]);
    expect([status, code]).toEqual([400, 'BAD_REQUEST']);
  });

  test('headers with non-ASCII bytes are handled', async () => {
    const text = `POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: \u00e9\u0080\r\nX-Request-Id: \u00e9\r\nContent-Type: application/json\r\nContent-Length: ${ME.length}\r\n\r\n${ME}`;
    expect((await speak([text])).status).toBe(200);
  });

  test('slow headers, a slow body or no request at all end with 408', async () => {
    const head = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const slow = await Promise.all([
      speak([head, ...Array(40).fill('X-A: a\r\n')], 100),
      speak([`${head}Content-Length: 100\r\n\r\n`, ...Array(40).fill(' ')], 100),
      speak([`${head}Transfer-Encoding: chunked\r\n\r\n`, ...Array(40).fill('1\r\n \r\n')], 100),
      speak(['G'], 100),
    ]);
    for (const { status, code } of slow) expect([status, code]).toEqual([408, 'REQUEST_TIMEOUT']);
    const silent = await speak([]);
    expect(silent.ms).toBeLessThan(10_000);
  });

  test('200 slow clients do not delay others', async () => {
    const dawdling = Array.from({ length: 200 }, () => speak(['POST /graphql HTTP/1.1\r\nHost: x\r\n']));
    expect((await post({ headers: { 'content-type': 'application/json' } })).status).toBe(200);
    for (const { status } of await Promise.all(dawdling)) expect(status).toBe(408);
  });

  test('without CORS_ORIGINS no origin is allowed', async () => {
    for (const origin of ['https://evil.example', 'null', OURS]) {
      for (const method of ['POST', 'OPTIONS']) {
        const response = await fetch(`${server.url}/graphql`, {
          method,
          headers: { origin, 'access-control-request-method': 'POST', 'content-type': 'application/json' },
          ...(method === 'POST' ? { body: ME } : {}),
        });
        expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    }
  });

  test('CORS_ORIGINS allows its origins only, without credentials', async () => {
    const ask = (origin: string, method: string) =>
      fetch(`${open.url}/graphql`, {
        method,
        headers: { origin, 'access-control-request-method': 'POST', 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: ME } : {}),
      });
    for (const origin of [OURS, 'http://localhost:8080']) {
      const preflight = await ask(origin, 'OPTIONS');
      expect([preflight.status, Object.fromEntries(preflight.headers)]).toEqual([
        204,
        expect.objectContaining({
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-request-id',
          vary: 'Origin',
        }),
      ]);
      const answer = await ask(origin, 'POST');
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
      expect((await answer.json()).data).toEqual({ __typename: 'Query' });
    }
    const page = await fetch(`${open.url}/errors`, { headers: { origin: OURS } });
    expect([page.status, page.headers.get('vary')]).toEqual([
      200,
      'Origin, Accept-Encoding, Accept-Language',
    ]);
    for (const origin of [
      'https://evil.example',
      'https://admin.example.com.evil.example',
      'http://admin.example.com',
      'null',
    ]) {
      const response = await ask(origin, 'OPTIONS');
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
      expect(response.headers.get('vary')).toBe('Origin');
    }
  });

  test('an invalid origin is a configuration error', () => {
    for (const wrong of [
      'admin.example.com',
      'https://a.example/',
      'https://a.example/x',
      'HTTPS://a.example',
    ])
      expect(() => readConfig(environment({ CORS_ORIGINS: wrong }))).toThrow(
        /CORS_ORIGINS must list origins/,
      );
    expect(readConfig(environment({ CORS_ORIGINS: '*' })).http.corsOrigins).toEqual(['*']);
  });

  test('every response has the security headers', async () => {
    const answers = [
      await post({ headers: { 'content-type': 'application/json' } }),
      await fetch(`${server.url}/health`),
      await fetch(`${server.url}/nothing`),
    ];
    for (const { headers } of answers)
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
  });
});

/** Node 24 has 270 MB before its first request, Node 20 has 130. */
test('300 bodies of 20 MB: 300 × 413, in less than 300 MB of memory, or 120 MB more than at rest', async () => {
  const server = await startReplica({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DATABASE_URL: 'file::memory:',
    MIGRATE_ON_START: '1',
  });
  const atRest = server.memory().now;
  const body = `{"query":"{ ${'a '.repeat(10_000_000)}"}`;
  const send = async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
    await response.text();
    return response.status;
  };
  const statuses: number[] = [];
  for (let i = 0; i < 75; i++) statuses.push(...(await Promise.all([send(), send(), send(), send()])));
  const { peak } = server.memory();
  process.stdout.write(
    `300 bodies of 20 MB: at most ${Math.round(peak)} MB of memory, ${Math.round(atRest)} MB before\n`,
  );
  expect(statuses).toEqual(Array(300).fill(413));
  expect(Number.isNaN(peak) || peak < Math.max(300, atRest + 120)).toBe(true);
  await server.stop();
}, 300_000);
