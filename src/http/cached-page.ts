import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Reply } from './reply.ts';

const compress = promisify(gzip);

/** Serves one HTML page: compressed if the browser accepts gzip, and not sent again while it has not changed. */
export function createCachedPage(html: string): (request: IncomingMessage) => Promise<Reply> {
  const etag = `"${createHash('sha256').update(html).digest('base64url')}"`;
  let compressed: Promise<Buffer> | undefined;

  return async ({ headers }) => {
    const common = {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      etag,
      vary: 'Accept-Encoding',
    };
    if (headers['if-none-match']?.includes(etag)) return { status: 304, headers: common };
    if (!/\bgzip\b/.test(String(headers['accept-encoding'])))
      return { status: 200, headers: common, body: html };
    compressed ??= compress(html);
    return { status: 200, headers: { ...common, 'content-encoding': 'gzip' }, body: await compressed };
  };
}
