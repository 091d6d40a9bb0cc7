import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { App } from './app.ts';
import { type ErrorCode, failureBody } from './errors.ts';
import { createHealth } from './ops/health.ts';

export type HttpServer = {
  port: number;
  /** Takes no new connection, lets the requests under way finish, for at most ten seconds. */
  close(): Promise<void>;
};

export type HttpOptions = {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** The root leads to GraphiQL. */
  graphiql: boolean;
};

type Reply = { status: number; headers?: Record<string, string>; body?: string | Buffer };
type Route = (request: IncomingMessage, search: string, requestId: string) => Promise<Reply> | Reply;

const MAX_BODY_BYTES = 64 * 1024;
/** A longer body is refused before it has arrived, which a client may see as a broken connection. */
const MAX_DRAINED_BYTES = 32 * 1024 * 1024;
const DRAIN_MS = 10_000;
const REQUEST_ID = /^[\w.-]{1,64}$/;
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/**
 * Puts the app on a port.
 * @throws {Error} of node:net, with code EADDRINUSE or EACCES
 */
export const listen = async (app: App, { host, port, graphiql }: HttpOptions): Promise<HttpServer> => {
  const health = createHealth(() => app.storage.ping());
  const routes: Readonly<Record<string, Route>> = {
    '/graphql': graphql(app),
    '/health': () => json(200, { status: 'ok' }),
    '/ready': async () =>
      (await health.ready()) ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' }),
    ...(graphiql
      ? { '/': () => ({ status: 302, headers: { location: '/graphql' } }), '/errors': errorTable }
      : {}),
  };
  let closing = false;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = requestIdOf(request);
    const reply = await answer(routes, request, requestId).catch((error: unknown): Reply => {
      app.log.error({ err: error, requestId }, 'unexpected failure');
      return refuse(
        500,
        'INTERNAL_SERVER_ERROR',
        'A fault of this server, logged with the id of this request.',
      );
    });
    const body = Buffer.from(reply.body ?? '');
    response.writeHead(reply.status, {
      ...reply.headers,
      'content-length': body.byteLength,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
      ...(closing || !request.complete ? { connection: 'close' } : {}),
    });
    response.end(body);
  };

  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 },
    handle,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      closing = true;
      health.drain();
      const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(force);
    },
  };
};

const answer = async (
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  requestId: string,
) => {
  const { url = '/' } = request;
  const [path = '/'] = url.split('?', 1);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route) return refuse(404, 'NOT_FOUND', 'There is nothing at this path; the API is at /graphql.');
  return route(request, url.slice(path.length), requestId);
};

const graphql =
  (app: App): Route =>
  async (request, search, requestId) => {
    const body = await readBody(request);
    if (body === 'TOO_LARGE')
      return refuse(413, 'REQUEST_ENTITY_TOO_LARGE', `The body is longer than ${MAX_BODY_BYTES / 1024} KB.`);
    const { method = 'GET' } = request;
    const response = await app.fetch(
      `http://localhost/graphql${search}`,
      { method, headers: headersOf(request), ...(method === 'POST' ? { body } : {}) },
      { requestId },
    );
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    };
  };

/** The text of the body; what is too long is read and thrown away, so that the client gets to see the refusal. */
const readBody = async (request: IncomingMessage): Promise<string | 'TOO_LARGE'> => {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length']) > MAX_DRAINED_BYTES) return 'TOO_LARGE';
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_DRAINED_BYTES) break;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? 'TOO_LARGE' : Buffer.concat(chunks).toString('utf8');
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );

/** The caller's own id of the request where it is a decent one, so that logs can be followed across servers. */
const requestIdOf = ({ headers }: IncomingMessage): string => {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
};

/** The page that GraphiQL links to, as it is written. */
const errorTable: Route = async () => ({
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: await readFile(new URL('../docs/errors.md', import.meta.url)),
});

const json = (status: number, value: unknown): Reply => ({
  status,
  headers: JSON_TYPE,
  body: JSON.stringify(value),
});

const refuse = (status: number, code: ErrorCode, message: string): Reply => ({
  status,
  headers: JSON_TYPE,
  body: failureBody(code, message),
});
