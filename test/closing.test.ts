import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HttpServer, listen } from '../src/http/server.ts';
import { type Product, startProduct } from './support/product.ts';

/** Closing the server of a process; test/shutdown.test.ts ends the process. */

const REQUEST = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';

let product: Product;
let server: HttpServer;
const start = async (shutdownDelayMs = 0) =>
  listen(product.app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000, shutdownDelayMs });
beforeEach(async () => {
  product = await startProduct('file::memory:');
  server = await start();
});
afterEach(async () => {
  await server.close();
  await product.close();
});

function open({ port } = server): Socket {
  return connect(port, '127.0.0.1').on('error', () => undefined);
}

/** All that the server sends until it closes the connection. */
async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

test('connections that wait to be accepted while the server closes get their responses', async () => {
  const sockets = Array.from({ length: 100 }, () => open());
  const responses = sockets.map((socket) => {
    socket.write(REQUEST);
    return received(socket);
  });
  await server.close();
  for (const response of await Promise.all(responses)) expect(response).toMatch(/^HTTP\/1.1 200 /);
});

test('a request that arrives on an idle connection while the server closes gets its response', async () => {
  const socket = open();
  socket.write(REQUEST);
  await once(socket, 'data');
  const response = received(socket);
  const closed = server.close();
  await sleep(100);
  socket.write(REQUEST);
  expect(await response).toMatch(/^HTTP\/1.1 200 .*connection: close/s);
  await closed;
});

test('idle connections are closed although a request is in flight, new ones are refused, and the request is waited for', async () => {
  const [idle, busy] = [open(), open()];
  busy.write(
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n',
  );
  idle.write(REQUEST);
  await once(idle, 'data');
  const response = received(busy);
  const closed = server.close();
  let isClosed = false;
  closed.then(() => {
    isClosed = true;
  });
  await once(idle, 'close');
  const [refused] = await once(open(), 'error');
  expect(refused.code).toBe('ECONNREFUSED');
  expect([busy.closed, isClosed]).toEqual([false, false]);
  busy.write('{}');
  expect(await response).toMatch(/^HTTP\/1.1 200 /);
  await closed;
});

test('during the shutdown delay requests are handled, /ready is 503, and responses close their connection', async () => {
  const delayed = await start(500);
  const closed = delayed.close();
  await sleep(100);
  const get = async (path: string) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${delayed.port}${path}`);
    return [status, headers.get('connection')];
  };
  expect([await get('/ready'), await get('/health')]).toEqual([
    [503, 'close'],
    [200, 'close'],
  ]);
  await closed;
});
