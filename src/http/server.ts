import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { App } from '../app.ts';
import type { HttpOptions } from '../config/config.ts';
import { type ErrorCode, failureBody } from '../errors/codes.ts';
import { createHealth } from '../ops/health.ts';
import { clientAddress } from './client-address.ts';
import {
  corsHeaders,
  isPreflight,
  MAX_HEADER_BYTES,
  MAX_URL_CHARS,
  refuseBrokenRequests,
  securityHeaders,
} from './malformed.ts';

export type HttpServer = {
  port: number;
  /** Takes no new connection, lets the requests under way finish, for at most ten seconds. */
  close(): Promise<void>;
};

type Reply = { status: number; headers?: Record<string, string>; body?: string | Buffer };
type Target = { path: string; search: string };
type Route = (request: IncomingMessage, target: Target, requestId: string) => Promise<Reply> | Reply;

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
export async function listen(app: App, options: HttpOptions): Promise<HttpServer> {
  const { host, port, graphiql } = options;
  const { trustedProxies = 0, corsOrigins = [], requestTimeoutMs = 30_000 } = options;
  const health = createHealth(() => app.storage.ping());
  const routes: Readonly<Record<string, Route>> = {
    '/graphql': graphqlRoute(app, trustedProxies),
    '/wechat/push/*': push(app),
    '/health': () => json(200, { status: 'ok' }),
    '/ready': async () =>
      (await health.ready()) ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' }),
    ...(app.jwks.keys.length > 0 ? { '/.well-known/jwks.json': () => jwks(app) } : {}),
    ...(graphiql
      ? { '/': () => ({ status: 302, headers: { location: '/graphql' } }), '/errors': errorTable }
      : {}),
  };
  let closing = false;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = requestIdOf(request);
    const reply = await answer(routes, request, requestId).catch((error: unknown): Reply | undefined => {
      // The client has gone: nobody reads an answer, and it is no failure of ours.
      if (request.errored) return undefined;
      app.log.error({ err: error, requestId }, 'unexpected failure');
      return refuse(
        500,
        'INTERNAL_SERVER_ERROR',
        'A fault of this server, logged with the id of this request.',
      );
    });
    if (!reply) return;
    const body = Buffer.from(reply.body ?? '');
    response.writeHead(reply.status, {
      ...securityHeaders(reply.headers?.['content-type']),
      ...corsHeaders(request, corsOrigins),
      ...reply.headers,
      ...(reply.status === 204 ? {} : { 'content-length': body.byteLength }),
      'x-request-id': requestId,
      ...(closing || !request.complete ? { connection: 'close' } : {}),
    });
    response.end(body);
  };

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(requestTimeoutMs, 10_000),
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: Math.min(requestTimeoutMs / 2, 5000),
    },
    handle,
  );
  refuseBrokenRequests(server);
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
}

async function answer(routes: Readonly<Record<string, Route>>, request: IncomingMessage, requestId: string) {
  const { url = '/' } = request;
  if (url.length > MAX_URL_CHARS)
    return refuse(414, 'BAD_REQUEST', `The URL is longer than ${MAX_URL_CHARS / 1024} KB: send a POST.`);
  const [path = '/'] = url.split('?', 1);
  const [route] = [path, path.replace(/[^/]+$/, '*')].flatMap((name) =>
    Object.hasOwn(routes, name) ? [routes[name]] : [],
  );
  if (!route) return refuse(404, 'NOT_FOUND', 'There is nothing at this path; the API is at /graphql.');
  if (isPreflight(request)) return { status: 204 };
  return route(request, { path, search: url.slice(path.length) }, requestId);
}

function graphqlRoute(app: App, trustedProxies: number): Route {
  return async (request, { search }, requestId) => {
    const body = await readBody(request);
    if (body === 'TOO_LARGE')
      return refuse(413, 'REQUEST_ENTITY_TOO_LARGE', `The body is longer than ${MAX_BODY_BYTES / 1024} KB.`);
    const { method = 'GET' } = request;
    const response = await app.fetch(
      `http://localhost/graphql${search}`,
      { method, headers: headersOf(request), ...(method === 'POST' ? { body } : {}) },
      {
        requestId,
        address: clientAddress(
          request.socket.remoteAddress,
          request.headers['x-forwarded-for'],
          trustedProxies,
        ),
      },
    );
    return {
      status: response.status,
      headers: withoutFraming(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    };
  };
}

/** How an answer is cut into pieces is for node:http to say: here it goes out whole. */
function withoutFraming(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    [...headers]
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !['connection', 'content-length', 'transfer-encoding'].includes(name)),
  );
}

/** A new key must be known to others before the first token that it signed: so they may keep this five minutes. */
function jwks({ jwks }: App): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=300' },
    body: JSON.stringify(jwks),
  };
}
/** Pushes of WeChat: the last part of the path is the AppID. */
function push({ pushes }: App): Route {
  return async (request, { path, search }) => {
    const appId = path.slice(path.lastIndexOf('/') + 1);
    const searchParams = new URLSearchParams(search);
    const body = await readBody(request);
    if (request.method !== 'GET' && request.method !== 'POST')
      return { status: 405, headers: { allow: 'GET, POST' } };
    if (body === 'TOO_LARGE') return { status: 413 };
    const { status, text } = await (request.method === 'GET'
      ? pushes.echo(appId, searchParams)
      : pushes.receive(appId, searchParams, body));
    return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
  };
}

/** The text of the body; what is too long is read and thrown away, so that the client gets to see the refusal. */
async function readBody(request: IncomingMessage): Promise<string | 'TOO_LARGE'> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length']) > MAX_DRAINED_BYTES) return 'TOO_LARGE';
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_DRAINED_BYTES) break;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? 'TOO_LARGE' : Buffer.concat(chunks).toString('utf8');
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

/** The caller's own id of the request where it is a decent one, so that logs can be followed across servers. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** The page that GraphiQL links to, as it is written. */
const errorTable: Route = async () => ({
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: await readFile(new URL('../../docs/errors.md', import.meta.url)),
});

function json(status: number, value: unknown): Reply {
  return {
    status,
    headers: JSON_TYPE,
    body: JSON.stringify(value),
  };
}

function refuse(status: number, code: ErrorCode, message: string): Reply {
  return {
    status,
    headers: JSON_TYPE,
    body: failureBody(code, message),
  };
}
