import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const API_POLICY = "default-src 'none'; frame-ancestors 'none'";
const PAGE_POLICY = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'";

/** Headers of every response: JSON opened as a page can do nothing, and no page can be framed. */
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
 * Allows pages of the listed origins to read responses, without credentials. Mini programs need no CORS.
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

/** The request headers, with repeated ones joined. */
export function flattenHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** The client's x-request-id if it is valid, so that logs can be correlated across servers; otherwise a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
