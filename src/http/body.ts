import type { IncomingMessage } from 'node:http';

export const MAX_BODY_BYTES = 64 * 1024;
/** A longer body is rejected before it has arrived, which a client may see as a reset connection. */
const MAX_DRAINED_BYTES = 32 * 1024 * 1024;

/** The body is gone: a body parser of the server that the handler is mounted on has read it. */
export class ConsumedBodyError extends Error {
  constructor() {
    super(
      'The body of the request was read before it reached weapp-login: mount the handler of weapp-login before all body parsers.',
    );
    this.name = 'ConsumedBodyError';
  }
}

/**
 * Reads the body as text. A body over the limit is read and discarded, so that the client receives the rejection.
 * @throws {ConsumedBodyError}
 * @throws {Error} of node:http with code ECONNRESET when the client disconnects before the end
 */
export function readBody(request: IncomingMessage): Promise<string | 'TOO_LARGE'> {
  return read(request, textOf);
}

/** The same for a body of any type. */
export function readBytes(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | 'TOO_LARGE'> {
  return read(request, (chunks) => Buffer.concat(chunks));
}

function read<T>(request: IncomingMessage, join: (chunks: Buffer[]) => T): Promise<T | 'TOO_LARGE'> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    if (Number(request.headers['content-length']) > MAX_DRAINED_BYTES) {
      resolve('TOO_LARGE');
      return;
    }
    // No event would come any more.
    if (request.errored) return reject(request.errored);
    if (request.readableDidRead) return reject(new ConsumedBodyError());
    if (request.readableEnded) return resolve(join([]));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks = [];
      if (size > MAX_DRAINED_BYTES) {
        request.pause();
        resolve('TOO_LARGE');
      }
    });
    request.on('end', () => resolve(size > MAX_BODY_BYTES ? 'TOO_LARGE' : join(chunks)));
    request.on('error', reject);
  });
}

/** Usually there is one chunk. */
function textOf(chunks: Buffer[]): string {
  const [first] = chunks;
  return chunks.length === 1 && first ? first.toString('utf8') : Buffer.concat(chunks).toString('utf8');
}
