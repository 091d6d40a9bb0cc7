import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, failureBody } from '../errors/codes.ts';

/** Of request line and headers together; a token of ours is well below one KB. */
export const MAX_HEADER_BYTES = 16 * 1024;
/** A longer query belongs in a POST. */
export const MAX_URL_CHARS = 8 * 1024;

const API_POLICY = "default-src 'none'; frame-ancestors 'none'";
const PAGE_POLICY = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'";

/** Headers of every answer; JSON that is opened as a page can do nothing, and no page can be framed. */
export function securityHeaders(contentType: string | undefined): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': contentType?.startsWith('text/html') ? PAGE_POLICY : API_POLICY,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}

/**
 * What lets pages of other origins read answers: nothing, but for the origins that are listed, and never with
 * cookies or other credentials of the browser. Mini programs ask no such leave.
 * @param origins such as `https://admin.example.com`, or `*` for all
 */
export function corsHeaders(
  { headers: { origin }, method }: IncomingMessage,
  origins: readonly string[],
): Record<string, string> {
  if (origins.length === 0) return {};
  if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id',
    ...(method === 'OPTIONS'
      ? {
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-request-id',
          'access-control-max-age': '7200',
        }
      : {}),
  };
}

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && 'access-control-request-method' in headers;
}

type Refusal = { status: string; code: ErrorCode; message: string };

const NOT_HTTP: Refusal = {
  status: '400 Bad Request',
  code: 'BAD_REQUEST',
  message: 'This is not HTTP/1.1 as this server understands it.',
};

const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'UNAUTHENTICATED',
    message: `The headers are longer than ${MAX_HEADER_BYTES / 1024} KB, so the token is none of ours. Log in again.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'The request did not arrive whole in time. Send it again.',
  },
};

/** So long a client that is still sending may take to see why it is refused. */
const LINGER_MS = 1000;

/** Answers in JSON also what node:http refuses before there is a request. */
export function refuseBrokenRequests(server: Server): void {
  server.on('clientError', (error: Error, socket: Socket) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const { status, code, message } = REFUSALS['code' in error ? String(error.code) : ''] ?? NOT_HTTP;
    const body = failureBody(code, message);
    const type = 'application/json; charset=utf-8';
    const headers = {
      ...securityHeaders(type),
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.on('error', () => undefined);
    socket.end([`HTTP/1.1 ${status}`, ...lines, '', body].join('\r\n'));
    socket.resume();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}
