import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../src/app.ts';
import { type Product, startProduct } from './support/product.ts';

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
