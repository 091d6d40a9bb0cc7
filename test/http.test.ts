import { request as httpRequest } from 'node:http';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from './support/databases.ts';
import { type Server, startServer } from './support/server.ts';

const [database] = DATABASES;
if (!database) throw new Error('no database');

describe('HTTP in development', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = await startServer(await database.create(), { NODE_ENV: 'development' });
    origin = server.url;
  });
  afterAll(() => server.close());

  const post = (body: BodyInit, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fetch(`${origin}/graphql`, { method: 'POST', body, headers });
  const codeIn = async (response: Response) => (await response.json()).errors[0].extensions;

  const audits = serverAudits({ url: () => `${origin}/graphql`, fetchFn: fetch });
  test('graphql-http has 61 audits', () => {
    expect(audits).toHaveLength(61);
  });
  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    'audit %s: %s',
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect('reason' in result ? result.reason : result.status).toBe('ok');
    },
  );

  test('a login and me over the wire, as wx.request sends them', async () => {
    const login = await post(
      JSON.stringify({ query: 'mutation { login(code: "dev:wire") { token user { id } } }' }),
    );
    expect(login.status).toBe(200);
    expect(login.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const { token, user } = (await login.json()).data.login;
    const me = await post(JSON.stringify({ query: '{ me { id } }' }), {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      referer: 'https://servicewechat.com/wxcanary00000001/0/page-frame.html',
    });
    expect(await me.json()).toEqual({ data: { me: user } });
  });

  test('every response has a request id: the given one if valid', async () => {
    expect(
      (await post('{}', { 'content-type': 'application/json', 'x-request-id': 'abc-1' })).headers.get(
        'x-request-id',
      ),
    ).toBe('abc-1');
    const own = await post('{}', { 'content-type': 'application/json', 'x-request-id': 'a b<script>' });
    expect(own.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  test('unknown paths are 404 in JSON', async () => {
    for (const path of [
      '/graphqlx',
      '/graphql/x',
      '/constructor',
      '/..%2fgraphql',
      '//graphql',
      '/yoga-health',
    ]) {
      const response = await fetch(origin + path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await codeIn(response)).toEqual({ code: 'NOT_FOUND', action: 'FIX_REQUEST' });
    }
  });

  test('forms, plain text and multipart are rejected: only JSON is accepted', async () => {
    const query = 'mutation { login(code: "dev:csrf") { token } }';
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', `query=${encodeURIComponent(query)}`],
      ['application/graphql', query],
      ['text/plain', JSON.stringify({ query })],
      [
        'multipart/form-data; boundary=x',
        `--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n${query}\r\n--x--`,
      ],
      ['application/jsonx', JSON.stringify({ query })],
    ] as const) {
      const response = await post(body, { 'content-type': type });
      expect([type, response.status]).toEqual([type, 415]);
      expect(await codeIn(response)).toEqual({ code: 'BAD_REQUEST', action: 'FIX_REQUEST' });
    }
  });

  test('a body over 64 KB is 413, with and without its length announced', async () => {
    const long = JSON.stringify({ query: `{ me { id } } #${'x'.repeat(70_000)}` });
    for (const chunked of [false, true]) {
      const status = await new Promise((resolve, reject) => {
        const request = httpRequest(`${origin}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
        });
        request.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject);
        if (chunked) request.write(long.slice(0, 10));
        request.end(chunked ? long.slice(10) : long);
      });
      expect(status).toBe(413);
    }
  });

  test('invalid JSON and GraphQL get a code, and the message quotes nothing', async () => {
    const broken = await post('{"query":"mutation { login(code: \\"Q0FOQVJZY29kZ\\"');
    expect(broken.status).toBe(400);
    expect(await codeIn(broken)).toEqual({ code: 'BAD_REQUEST', action: 'FIX_REQUEST' });
    const parse = await post(JSON.stringify({ query: '{ me' }));
    expect(await codeIn(parse)).toEqual({ code: 'GRAPHQL_PARSE_FAILED', action: 'FIX_REQUEST' });
    const unknown = await post(JSON.stringify({ query: '{ nobody }' }));
    expect(await codeIn(unknown)).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED', action: 'FIX_REQUEST' });
    const batch = await post(JSON.stringify([{ query: '{ me { id } }' }]));
    expect(await codeIn(batch)).toMatchObject({ code: 'BAD_REQUEST' });
    const method = await fetch(`${origin}/graphql`, { method: 'DELETE' });
    expect([method.status, (await codeIn(method)).code]).toEqual([405, 'BAD_REQUEST']);
  });

  test('a mutation by GET is rejected', async () => {
    const response = await fetch(
      `${origin}/graphql?query=${encodeURIComponent('mutation { login(code: "dev:get") { token } }')}`,
    );
    expect(response.status).toBe(405);
  });

  test('variables or extensions in a URL that are not JSON are a BAD_REQUEST', async () => {
    for (const part of ['variables={', 'extensions=[', 'variables=%7B%22a%22%3A']) {
      const response = await fetch(`${origin}/graphql?query=%7B__typename%7D&${part}`);
      const { errors } = await response.json();
      expect([response.status, errors[0].extensions]).toEqual([
        400,
        { code: 'BAD_REQUEST', action: 'FIX_REQUEST' },
      ]);
    }
    const valid = await fetch(`${origin}/graphql?query=%7B__typename%7D&variables=&extensions=%7B%7D`);
    expect(await valid.json()).toEqual({ data: { __typename: 'Query' } });
  });

  test('there are no CORS headers by default', async () => {
    const response = await fetch(`${origin}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('/health and /ready respond, and / redirects to GraphiQL', async () => {
    expect(await (await fetch(`${origin}/health`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${origin}/ready`)).json()).toEqual({ status: 'ready' });
    expect((await fetch(origin, { redirect: 'manual' })).headers.get('location')).toBe('/graphql');
  });

  test('GraphiQL loads nothing from another host', async () => {
    const page = await (await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('dev:alice');
    expect(page.match(/<(script|link|img)[^>]+(src|href)=["']?https?:/g)).toBeNull();
  });
});

describe('HTTP in production', () => {
  test('GET is for persisted documents only: a query is 405', async () => {
    const server = await startServer('file::memory:', { NODE_ENV: 'production', MIGRATE_ON_START: '1' });
    const get = (search: string) =>
      fetch(`${server.url}/graphql?${search}`, { headers: { accept: 'application/json' } });
    for (const search of ['query=%7B__typename%7D', 'query=%7B__typename%7D&documentId=x', '']) {
      const response = await get(search);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
      expect((await response.json()).errors[0].extensions).toEqual({
        code: 'BAD_REQUEST',
        action: 'FIX_REQUEST',
      });
    }
    await server.close();
  });

  test('there is no GraphiQL and no other page', async () => {
    const server = await startServer(await database.create(), {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      MIGRATE_ON_START: '1',
    });
    for (const path of ['/', '/graphql']) {
      const response = await fetch(`${server.url}${path}`, {
        headers: { accept: 'text/html' },
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.headers.get('content-type')).toContain('json');
    }
    await server.close();
  });
});
