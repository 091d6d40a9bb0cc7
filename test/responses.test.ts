import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as send } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBody } from '../src/http/body.ts';
import { renderMarkdownPage } from '../src/http/markdown-page.ts';
import { createRouter, type Routes } from '../src/http/router.ts';
import { graphqlRoute } from '../src/http/routes/graphql-endpoint.ts';
import { jwksRoute } from '../src/http/routes/jwks.ts';
import { type HttpServer, listen } from '../src/http/server.ts';
import { createHealth } from '../src/ops/health.ts';
import { createLog } from '../src/ops/log.ts';
import { PUSH_TOKEN } from './support/canaries.ts';
import { APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

/** Status and headers of every kind of response, and the responses to clients that misbehave. */

const BUILT_IN_SANDBOX = { WECHAT_APP_ID: '', WECHAT_APP_SECRET: '', WECHAT_APPS: '', WECHAT_API_URL: '' };

let server: Server;
let open: Server;
beforeAll(async () => {
  server = await startServer('file::memory:', { NODE_ENV: 'development', ...BUILT_IN_SANDBOX });
  open = await startServer('file::memory:', { CORS_ORIGINS: '*', WECHAT_PUSH: `${APP_ID}:${PUSH_TOKEN}` });
});
afterAll(() => Promise.all([server.close(), open.close()]));

async function headersOf(response: Response | Promise<Response>): Promise<Record<string, string>> {
  return Object.fromEntries((await response).headers);
}

test.each([
  ['', 'zh-CN,en', 'zh-CN'],
  ['', 'en,zh-CN', 'en'],
  ['?lang=en', 'zh-CN', 'en'],
  ['?lang=ZH', 'en', 'zh-CN'],
])(
  '/errors%s for a browser with %s is in %s, and links to its translation',
  async (search, accepted, language) => {
    const page = await fetch(`${server.url}/errors${search}`, { headers: { 'accept-language': accepted } });
    const html = await page.text();
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).toContain(`<a href="/errors?lang=${language === 'en' ? 'zh-CN' : 'en'}">`);
    expect(html).not.toContain('lang=undefined');
  },
);

test('each route has its content type, and is stored as long as it is valid', async () => {
  const of = async (path: string, init?: RequestInit) => {
    const { 'content-type': type, 'cache-control': cache } = await headersOf(fetch(server.url + path, init));
    return [type, cache];
  };
  expect(await of('/health')).toEqual(['application/json; charset=utf-8', 'no-store']);
  expect(await of('/errors')).toEqual(['text/html; charset=utf-8', 'no-cache']);
  expect(await of('/graphql', { headers: { accept: 'text/html' } })).toEqual([
    'text/html; charset=utf-8',
    'no-cache',
  ]);
  expect(await of('/nothing')).toEqual(['application/json; charset=utf-8', 'no-store']);
});

test('pages have a content security policy of their own', async () => {
  const policy = async (path: string) =>
    (await headersOf(fetch(server.url + path)))['content-security-policy'];
  expect(await policy('/errors')).toBe("frame-ancestors 'none'; object-src 'none'; base-uri 'none'");
  expect(await policy('/health')).toBe("default-src 'none'; frame-ancestors 'none'");
});

test.each([
  ['POST', '/sandbox/encrypted', '{"user":"nobody","kind":"run"}', 400],
  ['PUT', '/sandbox/encrypted', '{}', 405],
  ['POST', '/sandbox/encrypted', 'x'.repeat(65_537), 413],
])('%s %s', async (method, path, body, status) => {
  const response = await fetch(server.url + path, { method, body });
  expect([response.status, response.headers.get('allow')]).toEqual([status, status === 405 ? 'POST' : null]);
  if (status === 400) expect(response.headers.get('content-type')).toContain('application/json');
});

test('a push of a method other than GET and POST is rejected, and one that is too long', async () => {
  const url = `${open.url}/wechat/push/${APP_ID}`;
  const put = await fetch(url, { method: 'PUT', body: '{}' });
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
  expect((await fetch(url, { method: 'POST', body: 'x'.repeat(65_537) })).status).toBe(413);
  const unknown = await fetch(`${open.url}/wechat/push/wx0000000000000000`, { method: 'POST', body: '{}' });
  expect([unknown.status, await unknown.text()]).toEqual([
    404,
    expect.stringContaining('unknown mini program'),
  ]);
  expect(unknown.headers.get('content-type')).toBe('text/plain; charset=utf-8');
});

test('a URL of 8 KB is accepted, one byte more is not', async () => {
  const status = async (length: number) =>
    (await fetch(`${server.url}${'/health?'.padEnd(length, 'x')}`)).status;
  expect([await status(8192), await status(8193)]).toEqual([200, 414]);
});

test.each([
  ['a'.repeat(64), true],
  ['a'.repeat(65), false],
  ['a b', false],
  ['a/b', false],
  ['A_z-0.9', true],
  ['', false],
])('the request id %j is taken over: %s', async (id, isValid) => {
  const { 'x-request-id': own } = await headersOf(
    fetch(`${server.url}/health`, { headers: { 'x-request-id': id } }),
  );
  if (isValid) expect(own).toBe(id);
  else expect(own).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
});

test('a response has the length of its body, and keeps the connection', async () => {
  const { 'content-length': length, connection } = await headersOf(fetch(`${server.url}/health`));
  expect([length, connection]).toEqual([String('{"status":"ok"}'.length), 'keep-alive']);
});

test('the message of a limit has its size', async () => {
  const message = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.url + path, init);
    return [response.status, (await response.json()).errors[0].message];
  };
  expect(await message('/'.padEnd(9000, 'x'))).toEqual([414, 'The URL is longer than 8 KB: send a POST.']);
  const body = ' '.repeat(65_537);
  const headers = { 'content-type': 'application/json' };
  expect(await message('/graphql', { method: 'POST', headers, body })).toEqual([
    413,
    'The request body is larger than 64 KB.',
  ]);
});

test('a page varies with the origin if CORS is on, and with its own headers', async () => {
  const vary = async (url: string) => (await headersOf(fetch(`${url}/errors`))).vary;
  expect(await vary(server.url)).toBe('Accept-Encoding, Accept-Language');
  expect(await vary(open.url)).toBe('Origin, Accept-Encoding, Accept-Language');
  expect((await headersOf(fetch(`${open.url}/health`))).vary).toBe('Origin');
  expect(await headersOf(fetch(`${server.url}/health`))).not.toHaveProperty('vary');
});

test('responses without a body have no Content-Length', async () => {
  const etag = (await headersOf(fetch(`${server.url}/errors`))).etag ?? '';
  const cached = await fetch(`${server.url}/errors`, { headers: { 'if-none-match': etag } });
  expect([cached.status, cached.headers.get('content-length')]).toEqual([304, null]);
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
  const preflight = await fetch(`${open.url}/graphql`, { method: 'OPTIONS', headers });
  expect([preflight.status, preflight.headers.get('content-length')]).toEqual([204, null]);
});

describe('with CORS_ORIGINS=*', () => {
  const ask = (method: string, headers: Record<string, string>, path = '/graphql') =>
    fetch(open.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: '{"query":"{ __typename }"}' } : {}),
    });

  test('every origin may read responses and the request id, and each response depends on it', async () => {
    const headers = await headersOf(ask('POST', { origin: 'https://a.example' }));
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-expose-headers': 'x-request-id, retry-after',
      vary: expect.stringMatching(/^Origin/),
    });
    expect(headers).not.toHaveProperty('access-control-allow-methods');
    const none = await headersOf(ask('POST', {}));
    expect([none.vary, none['access-control-allow-origin']]).toEqual([
      expect.stringMatching(/^Origin/),
      undefined,
    ]);
  });

  test('a preflight is OPTIONS with an origin and a method; it may be stored for two hours', async () => {
    const origin = 'https://a.example';
    const method = { 'access-control-request-method': 'POST' };
    const preflight = await ask('OPTIONS', { origin, ...method });
    expect([preflight.status, await preflight.text()]).toEqual([204, '']);
    expect(preflight.headers.get('access-control-max-age')).toBe('7200');
    expect((await ask('OPTIONS', { origin })).status).toBe(405);
    expect((await ask('OPTIONS', method)).status).toBe(405);
    expect((await ask('POST', { origin, ...method })).status).toBe(200);
    expect((await ask('OPTIONS', { origin, ...method }, '/nothing')).status).toBe(404);
  });
});

test('the page for browsers is a response to GET with Accept: text/html only', async () => {
  const typeOf = (method: string, headers: Record<string, string>) =>
    new Promise<string | undefined>((resolve, reject) => {
      const request = send(`${server.url}/graphql`, { method, headers }, (response) => {
        response.resume();
        resolve(`${response.statusCode} ${response.headers['content-type']}`);
      });
      request.once('error', reject).end(method === 'POST' ? '{"query":"{ __typename }"}' : undefined);
    });
  expect(await typeOf('GET', { accept: 'text/html,*/*' })).toMatch('text/html');
  expect(await typeOf('GET', { accept: '*/*' })).toMatch('json');
  expect(await typeOf('GET', {})).toBe(await typeOf('GET', { accept: '*/*' }));
  expect(await typeOf('POST', { accept: 'text/html', 'content-type': 'application/json' })).toMatch('json');
});

test('/ready is 200 while the database is reachable', async () => {
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
});

test('/ redirects to GraphiQL', async () => {
  const home = await fetch(server.url, { redirect: 'manual' });
  expect([home.status, home.headers.get('location')]).toEqual([302, '/graphql']);
});

test('the URL of pushes is checked by GET, pushes are received by POST, for the AppID at its end', async () => {
  const [timestamp, nonce] = [String(Math.floor(open.product.clock.now / 1000)), '42'];
  const signature = createHash('sha1').update([PUSH_TOKEN, timestamp, nonce].sort().join('')).digest('hex');
  const query = new URLSearchParams({ signature, timestamp, nonce, echostr: 'echo' });
  const response = await fetch(`${open.url}/wechat/push/${APP_ID}?${query}`);
  expect([response.status, await response.text()]).toEqual([200, 'echo']);
  const push = await fetch(`${open.url}/wechat/push/${APP_ID}?${query}`, {
    method: 'POST',
    body: '{"MsgType":"text"}',
  });
  expect([push.status, await push.text()]).toEqual([200, 'success']);
});

test('a proxy may send X-Forwarded-For in every request', async () => {
  const { status } = await fetch(`${open.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.7' },
    body: '{"query":"{ __typename }"}',
  });
  expect(status).toBe(200);
});

describe('the router', () => {
  const lines: Record<string, unknown>[] = [];
  const handled: unknown[] = [];
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) });
  const graphql = (trustedProxies: number) =>
    graphqlRoute({
      execute: async (_url, { method, body }, { address }) => ({
        status: 200,
        headers: {},
        body: JSON.stringify({ method, body, address }),
      }),
      graphiql: undefined,
      trustedProxies,
      admission: { enter: () => true, leave: () => undefined },
      log,
    });
  let own: HttpServer;
  let impatient: HttpServer;
  const routes: Routes = {
    '/fails': () => {
      throw new Error('a bug');
    },
    '/reads': async (request) => ({ status: 200, body: String((await readBody(request)).length) }),
    '/graphql': graphql(0),
    '/proxied': graphql(1),
    '/keys': jwksRoute(() => ({ keys: [{ kty: 'OKP', kid: 'a' }] })),
    '/any/*': (_request, { path, search }) => ({ status: 200, body: `${path} ${search}` }),
  };
  beforeAll(async () => {
    const health = createHealth(async () => undefined);
    const router = createRouter({ routes, corsOrigins: ['https://a.example'], health, log });
    const handler: typeof router = (...request) => {
      const reply = router(...request);
      handled.push(reply);
      return reply;
    };
    const http = { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000, shutdownDelayMs: 0 };
    own = await listen({ handler, health }, http);
    impatient = await listen({ handler, health }, { ...http, requestTimeoutMs: 200 });
  });
  afterAll(() => Promise.all([own.close(), impatient.close()]));
  const url = (path: string) => `http://127.0.0.1:${own.port}${path}`;

  test('responds to a bug with 500 and a request id, by which the log has its stack', async () => {
    const response = await fetch(url('/fails'), { headers: { 'x-request-id': 'bug-1' } });
    expect([response.status, response.headers.get('x-request-id')]).toEqual([500, 'bug-1']);
    const [{ message, extensions }] = (await response.json()).errors;
    expect(message).toContain('logged with the request id');
    expect(extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', action: 'RETRY_LATER' });
    expect(lines.at(-1)).toMatchObject({
      level: 50,
      requestId: 'bug-1',
      err: { stack: expect.arrayContaining([expect.stringContaining('/fails')]) },
    });
  });

  test('lets the public keys of tokens be stored for five minutes', async () => {
    const keys = await fetch(url('/keys'));
    expect([keys.status, keys.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
    expect(await keys.json()).toEqual({ keys: [{ kty: 'OKP', kid: 'a' }] });
  });

  test('executes requests from the address that counts, and warns once of an unknown proxy', async () => {
    const warnings = () => lines.filter(({ msg }) => String(msg).startsWith('X-Forwarded-For is ignored'));
    const before = warnings().length;
    const executed = async (path: string, init?: RequestInit) => (await fetch(url(path), init)).json();
    const forwarded = { headers: { 'x-forwarded-for': '203.0.113.7' } };
    const own = '127.0.0.1';
    expect(await executed('/graphql')).toEqual({ method: 'GET', address: own });
    expect(await executed('/proxied', forwarded)).toEqual({ method: 'GET', address: '203.0.113.7' });
    expect(warnings()).toHaveLength(before);
    for (let i = 0; i < 2; i++)
      expect(await executed('/graphql', { ...forwarded, method: 'POST', body: '{}' })).toEqual({
        method: 'POST',
        body: '{}',
        address: own,
      });
    expect(warnings().slice(before)).toMatchObject([{ level: 40 }]);
    const page = await fetch(url('/graphql'), { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
  });

  test('finds a route by its last segment, and passes path and query as they were sent', async () => {
    expect(await (await fetch(url('/any/a%20b?x=%20?y'))).text()).toBe('/any/a%20b ?x=%20?y');
    expect((await fetch(url('/any/a/b'))).status).toBe(404);
    expect((await fetch(url('/any/'))).status).toBe(404);
  });

  test('reads a body of several chunks, up to 64 KB', async () => {
    const length = (parts: string[]) =>
      new Promise<string>((resolve, reject) => {
        const request = send(url('/reads'), { method: 'POST' }, (response) => resolve(text(response)));
        request.once('error', reject);
        for (const part of parts) request.write(part);
        request.end();
      });
    expect(await length(['a'.repeat(40_000), 'b'.repeat(25_536)])).toBe('65536');
    expect(await length(['a'.repeat(40_000), 'b'.repeat(25_537)])).toBe(String('TOO_LARGE'.length));
    expect(await length([])).toBe('0');
  });

  test('ends a request whose client disconnects while it sends, and does not log it', async () => {
    const before = lines.length;
    const socket = connect(own.port, '127.0.0.1');
    socket.write('POST /reads HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    await sleep(50);
    socket.destroy();
    await handled.at(-1);
    expect((await fetch(url('/any/more'))).status).toBe(200);
    expect(lines).toHaveLength(before);
  });

  test('closes the connection after a response to a body that has not arrived', async () => {
    const socket = connect(own.port, '127.0.0.1');
    socket.write(`POST /reads HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 ** 30}\r\n\r\n{`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 .*connection: close/s);
  });

  test('lets pages of the listed origins read responses, and of no others', async () => {
    const allowed = async (origin: string) =>
      (await headersOf(fetch(url('/any/x'), { headers: { origin } })))['access-control-allow-origin'];
    expect(await allowed('https://a.example')).toBe('https://a.example');
    expect(await allowed('https://a.example.com')).toBeUndefined();
  });

  test('rejects a request whose headers do not arrive in time', async () => {
    const socket = connect(impatient.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 .*"REQUEST_TIMEOUT"/s);
  });

  test('responds to what is not HTTP with all headers of a response', async () => {
    const socket = connect(own.port, '127.0.0.1');
    socket.write('hello\r\n\r\n');
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual([
      'HTTP/1.1 400 Bad Request',
      'cross-origin-resource-policy: same-origin',
      'referrer-policy: no-referrer',
      'x-content-type-options: nosniff',
      'x-frame-options: DENY',
      "content-security-policy: default-src 'none'; frame-ancestors 'none'",
      'cache-control: no-store',
      'content-type: application/json; charset=utf-8',
      'connection: close',
      `content-length: ${body.length}`,
    ]);
    expect(JSON.parse(body).errors[0].message).toBe('The request is not valid HTTP/1.1.');
  });

  test('says how long headers may be', async () => {
    const socket = connect(own.port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 431 .*longer than 16 KB/s);
  });

  test('lets a client that still sends read the rejection, and disconnects it then', async () => {
    const socket = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined).resume();
    const send = () => socket.write('more'.repeat(50_000));
    socket.write('hello\r\n\r\n');
    await once(socket, 'end');
    for (let i = 0; i < 3; i++) {
      send();
      await sleep(20);
    }
    expect(socket.errored).toBeNull();
    const sending = setInterval(send, 50);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(sending);
  });
});

test('a page of Markdown has the title of its heading, and links to other sites, to itself and to known pages only', () => {
  const html = renderMarkdownPage(
    'Text\n\n# The title\n\n[one](https://a.example/x) [two](#part) [three](known.md) [*four*](other.md) [five](x/https:y)',
    'en',
    (href) => (href === 'known.md' ? '/known' : undefined),
  );
  expect(html).toContain('<title>The title · weapp-login</title>');
  expect(html).toContain(
    '<a href="https://a.example/x">one</a> <a href="#part">two</a> <a href="/known">three</a> <em>four</em> five',
  );
  expect(renderMarkdownPage('A C# file', 'en', () => undefined)).toContain('<title> · weapp-login</title>');
});
