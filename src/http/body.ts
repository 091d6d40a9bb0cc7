import type { IncomingMessage } from 'node:http';

export const MAX_BODY_BYTES = 64 * 1024;
/** A longer body is rejected before it has arrived, which a client may see as a reset connection. */
const MAX_DRAINED_BYTES = 32 * 1024 * 1024;

/** Reads the body as text. A body over the limit is read and discarded, so that the client receives the rejection. */
export async function readBody(request: IncomingMessage): Promise<string | 'TOO_LARGE'> {
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
