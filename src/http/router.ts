import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from '../ops/health.ts';
import type { Log } from '../ops/log.ts';
import { ConsumedBodyError } from './body.ts';
import {
  corsHeaders,
  isPreflight,
  NO_HEADERS,
  type ResponseHeaders,
  requestIdOf,
  securityHeaders,
} from './headers.ts';
import { errorReply, type Reply } from './reply.ts';

/**
 * Handles an HTTP request, as a listener of node:http or as middleware. The promise never rejects.
 * @param next called instead if no route of ours has the path; without it the response is 404
 */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: () => void,
) => Promise<void>;

/** The URL of a request, without decoding: `search` begins with `?` or is empty. */
export type Target = { path: string; search: string };

export type Route = (request: IncomingMessage, target: Target, requestId: string) => Promise<Reply> | Reply;

/** Routes by path; a path that ends in `/*` matches any last segment. */
export type Routes = Readonly<Record<string, Route>>;

export type RouterOptions = {
  routes: Routes;
  corsOrigins: readonly string[];
  health: Pick<Health, 'draining'>;
  log: Log;
};

/** A longer query belongs in a POST. */
const MAX_URL_CHARS = 8 * 1024;

/** Handles every request: finds its route and writes the reply with the headers that all responses have. */
export function createRouter({ routes, corsOrigins, health, log }: RouterOptions): Handler {
  function replyToFailure(error: unknown, requestId: string): Reply {
    if (error instanceof ConsumedBodyError) {
      log.error({ requestId }, error.message);
      return errorReply(500, 'INTERNAL_SERVER_ERROR', error.message);
    }
    log.error({ err: error, requestId }, 'unexpected failure');
    return errorReply(
      500,
      'INTERNAL_SERVER_ERROR',
      'Internal error, logged with the request id of this response.',
    );
  }

  function write(request: IncomingMessage, response: ServerResponse, reply: Reply, requestId: string): void {
    const { status, body = '', cookies = [] } = reply;
    const headers = mergeVary(corsHeaders(request, corsOrigins), reply.headers ?? {});
    const fields = [...securityHeaders(headers), 'x-request-id', requestId];
    for (const name in headers) fields.push(name, headers[name] ?? '');
    for (const cookie of cookies) fields.push('set-cookie', cookie);
    if (status !== 204 && status !== 304) fields.push('content-length', String(Buffer.byteLength(body)));
    if (health.draining() || !request.complete) fields.push('connection', 'close');
    response.writeHead(status, fields);
    response.end(body);
  }

  return async (request, response, next) => {
    if (next && !findRoute(routes, targetOf(request).path)) return next();
    const requestId = requestIdOf(request);
    try {
      write(request, response, await dispatch(routes, request, requestId), requestId);
    } catch (error) {
      // The client has disconnected: not a failure of ours.
      if (request.errored) return;
      write(request, response, replyToFailure(error, requestId), requestId);
    }
  };
}

/** Both sets of headers; a `vary` of one must not replace that of the other. */
function mergeVary(one: ResponseHeaders, other: ResponseHeaders): ResponseHeaders {
  if (one === NO_HEADERS) return other;
  const vary = [one.vary, other.vary].filter((value) => value !== undefined).join(', ');
  return { ...one, ...other, vary };
}

function dispatch(routes: Routes, request: IncomingMessage, requestId: string): Promise<Reply> | Reply {
  const target = targetOf(request);
  if (target.path.length + target.search.length > MAX_URL_CHARS)
    return errorReply(414, 'BAD_REQUEST', `The URL is longer than ${MAX_URL_CHARS / 1024} KB: send a POST.`);
  const route = findRoute(routes, target.path);
  if (!route) return errorReply(404, 'NOT_FOUND', 'No such path; the API is at /graphql.');
  if (isPreflight(request)) return { status: 204 };
  return route(request, target, requestId);
}

function targetOf({ url = '/' }: IncomingMessage): Target {
  const [path = '/'] = url.split('?', 1);
  return { path, search: url.slice(path.length) };
}

function findRoute(routes: Routes, path: string): Route | undefined {
  if (Object.hasOwn(routes, path)) return routes[path];
  return path.endsWith('/') ? undefined : routes[`${path.slice(0, path.lastIndexOf('/') + 1)}*`];
}
