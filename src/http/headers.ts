import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** By name, in lower case. */
export type ResponseHeaders = Readonly<Record<string, string>>;

export const NO_HEADERS: ResponseHeaders = {};

const COMMON = {
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
/** Routes of modules may have their own. */
const NAMES = [...Object.keys(COMMON), 'content-security-policy'];
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";
const PAGE_POLICY = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'";

/** The values never change, so the lists are made once: by content type, and by whether the response may be stored. */
const API_HEADERS = rawHeaders(API_POLICY);
const PAGE_HEADERS = rawHeaders(PAGE_POLICY);

function rawHeaders(policy: string): { default: readonly string[]; storable: readonly string[] } {
  const storable = Object.entries({ ...COMMON, 'content-security-policy': policy }).flat();
  return { default: [...storable, 'cache-control', 'no-store'], storable };
}

/**
 * Headers of every response, unless it has its own: JSON opened as a page can do nothing, and no page can be framed.
 * @param own of the response
 * @returns name and value of each in turn, as node:http takes them
 */
export function securityHeaders(own: ResponseHeaders): readonly string[] {
  const headers = own['content-type']?.startsWith('text/html') ? PAGE_HEADERS : API_HEADERS;
  const common = own['cache-control'] === undefined ? headers.default : headers.storable;
  return NAMES.some((name) => name in own) ? without(common, own) : common;
}

/** Names and values in turn, without those that the response sets itself. */
function without(fields: readonly string[], own: ResponseHeaders): string[] {
  return fields.filter((_, i) => !((fields[i - (i % 2)] ?? '') in own));
}

/**
 * Allows pages of the listed origins to read responses, without credentials. Mini programs need no CORS.
 * @param origins such as `https://admin.example.com`, or `*` for all
 */
export function corsHeaders(
  { headers: { origin }, method }: IncomingMessage,
  origins: readonly string[],
): ResponseHeaders {
  if (origins.length === 0) return NO_HEADERS;
  if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id, retry-after',
    ...(method === 'OPTIONS'
      ? {
          'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-request-id',
          'access-control-max-age': '7200',
        }
      : {}),
  };
}

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && 'access-control-request-method' in headers;
}

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** The client's x-request-id if it is valid, so that logs can be correlated across servers; otherwise a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}
