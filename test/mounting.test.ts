import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../src/app.ts';
import { createProject } from './support/package.ts';
import { start } from './support/process.ts';
import { environment, type Product, startProduct } from './support/product.ts';
import { snippetsOf, writeSnippets } from './support/snippets.ts';

const LOGIN = JSON.stringify({ query: 'mutation { login(code: "dev:alice") { isNewUser } }' });
const JSON_TYPE = { 'content-type': 'application/json' };

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Serves on a free port while a function runs. */
async function serving<T>(listener: Listener, use: (origin: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  try {
    return await use(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

describe('the handler on a server that is there already', () => {
  let product: Product;
  let handler: App['handler'];
  beforeAll(async () => {
    product = await startProduct('file::memory:');
    handler = product.app.handler;
  });
  afterAll(() => product.close());

  const post = (origin: string, body = LOGIN, path = '/graphql') =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      headers: JSON_TYPE,
      body,
      signal: AbortSignal.timeout(3000),
    });

  test.each([
    [
      'all of it',
      async (request: IncomingMessage) => {
        for await (const _chunk of request);
      },
    ],
    ['its first part', (request: IncomingMessage) => new Promise((done) => request.once('data', done))],
  ])('says so at once if the body was read before it, %s', async (_what, read) => {
    const readThenHandle: Listener = async (request, response) => {
      await read(request);
      handler(request, response);
    };
    await serving(readThenHandle, async (origin) => {
      for (const path of ['/graphql', '/wechat/push/wx1', '/graphql']) {
        const response = await post(origin, LOGIN, path);
        expect(response.status).toBe(500);
        expect(await response.json()).toMatchObject({
          errors: [
            {
              message: expect.stringMatching(/body .* was read before .*: mount .* before .*body parser/),
              extensions: { code: 'INTERNAL_SERVER_ERROR' },
            },
          ],
        });
      }
    });
  });

  test('handles requests without a body after a body parser', async () => {
    const readThenHandle: Listener = async (request, response) => {
      for await (const _chunk of request);
      handler(request, response);
    };
    await serving(readThenHandle, async (origin) => {
      expect((await fetch(`${origin}/health`)).status).toBe(200);
      expect((await fetch(`${origin}/graphql?query={__typename}`)).status).toBe(200);
      expect((await post(origin, '')).status).toBe(400);
    });
  });

  test('ends for a request whose client has gone meanwhile', async () => {
    let handled = '';
    const waitThenHandle: Listener = async (request, response) => {
      await new Promise((done) => request.once('error', done));
      await handler(request, response);
      handled = 'ended';
    };
    await serving(waitThenHandle, async (origin) => {
      const aborted = new AbortController();
      const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('{')) });
      const sent = fetch(`${origin}/graphql`, {
        ...{ method: 'POST', headers: JSON_TYPE, body, signal: aborted.signal, duplex: 'half' },
      });
      setTimeout(() => aborted.abort(), 100);
      await expect(sent).rejects.toThrow();
      await expect.poll(() => handled).toBe('ended');
    });
  });

  test('passes on requests for other paths, if there is somebody to pass them to', async () => {
    const mounted: Listener = (request, response) =>
      handler(request, response, () => response.writeHead(404).end('Not mine'));
    await serving(mounted, async (origin) => {
      const other = await fetch(`${origin}/hello`);
      expect([other.status, await other.text()]).toEqual([404, 'Not mine']);
      expect(other.headers.get('x-request-id')).toBeNull();
      expect((await (await post(origin)).json()).data).toEqual({ login: { isNewUser: expect.any(Boolean) } });
    });
    await serving(handler, async (origin) => {
      expect(await (await fetch(`${origin}/hello`)).json()).toMatchObject({
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
      });
    });
  });
});

describe.each(['docs/mounting.md', 'docs/mounting.zh-CN.md'])(
  'the examples of %s',
  { timeout: 180_000 },
  (page) => {
    let project: string;
    let env: Record<string, string>;
    beforeAll(async () => {
      project = await createProject();
      for (const name of ['express', 'fastify'])
        symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name));
      writeSnippets(snippetsOf(page), project);
      const { JWT_SECRET, SESSION_KEY_SECRET } = environment();
      env = {
        JWT_SECRET: `${JWT_SECRET}`,
        SESSION_KEY_SECRET: `${SESSION_KEY_SECRET}`,
        DATABASE_URL: 'file::memory:',
      };
    }, 180_000);

    /** Runs a file while a function runs; then it must end by itself. */
    async function running(file: string, use: (origin: string) => Promise<void>): Promise<void> {
      const { child, exited, origin } = start([process.execPath, file], { folder: project, env });
      await origin.then(use).finally(() => child.kill('SIGTERM'));
      expect(await exited).toBe(0);
    }

    const sendJson = (url: string, body: string) =>
      fetch(url, { method: 'POST', headers: JSON_TYPE, body, signal: AbortSignal.timeout(5000) });

    /** The command of a variant: a line of the example stands elsewhere, or says something else. */
    function variantOf(file: string, change: (code: string) => string): string {
      const code = readFileSync(join(project, file), 'utf8');
      const changed = change(code);
      expect(changed).not.toBe(code);
      writeFileSync(join(project, `variant-${file}`), changed);
      return `variant-${file}`;
    }

    test.each(['node-http.js', 'express.js', 'fastify.js'])('%s', async (file) => {
      await running(file, async (origin) => {
        const login = await sendJson(`${origin}/graphql`, LOGIN);
        expect(await login.json()).toEqual({ data: { login: { isNewUser: true } } });
        for (const path of ['/health', '/ready', '/graphql?query={__typename}'])
          expect((await fetch(`${origin}${path}`)).status, path).toBe(200);
        // Ours are rejected in our way, theirs in theirs.
        const malformed = await sendJson(`${origin}/graphql`, '{');
        expect([malformed.status, await malformed.json()]).toMatchObject([
          400,
          { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
        ]);
        expect((await sendJson(`${origin}/graphql`, 'x'.repeat(70_000))).status).toBe(413);
        const order = JSON.stringify({ book: '红楼梦' });
        expect(await (await sendJson(`${origin}/orders`, order)).json()).toEqual(JSON.parse(order));
        const unknown = await fetch(`${origin}/unknown`);
        expect([unknown.status, unknown.headers.get('x-request-id')]).toEqual([404, null]);
        expect(await unknown.text()).not.toContain('NOT_FOUND');
        expect(await reusesConnections(origin)).toEqual([false, true, true, true]);
      });
    });

    test('express.js with the handler after a body parser says so at once', async () => {
      const file = variantOf('express.js', (code) =>
        code.replace(
          'web.use(login.handler);\nweb.use(express.json());',
          'web.use(express.json());\nweb.use(login.handler);',
        ),
      );
      await running(file, async (origin) => {
        const response = await sendJson(`${origin}/graphql`, LOGIN);
        expect(response.status).toBe(500);
        expect(await response.text()).toContain('mount the handler of weapp-login before all body parsers');
        expect((await fetch(`${origin}/graphql?query={__typename}`)).status).toBe(200);
      });
    });

    test('express.js with a prefix', async () => {
      const file = variantOf('express.js', (code) => code.replace('web.use(login', "web.use('/api', login"));
      await running(file, async (origin) => {
        expect((await sendJson(`${origin}/api/graphql`, LOGIN)).status).toBe(200);
        expect((await fetch(`${origin}/api/health`)).status).toBe(200);
        for (const path of ['/graphql', '/api/unknown'])
          expect((await fetch(`${origin}${path}`)).status).toBe(404);
      });
    });
  },
);

/** Whether each of four requests, to paths of both, uses the connection of the one before. */
async function reusesConnections(origin: string): Promise<boolean[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const reused: boolean[] = [];
  for (const path of ['/health', '/unknown', '/health', '/ready'])
    reused.push(
      await new Promise((done, fail) => {
        const request = get(`${origin}${path}`, { agent }, (response) =>
          response.resume().once('end', () => done(request.reusedSocket)),
        ).once('error', fail);
      }),
    );
  agent.destroy();
  return reused;
}
