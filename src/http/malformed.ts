import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from '../errors/client-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { securityHeaders } from './headers.ts';
import { JSON_TYPE } from './reply.ts';

/** Request line and headers together; our token is less than 1 KB. */
export const MAX_HEADER_BYTES = 16 * 1024;

type Rejection = { status: string; code: ErrorCode; message: string };

const INVALID_HTTP: Rejection = {
  status: '400 Bad Request',
  code: 'BAD_REQUEST',
  message: 'The request is not valid HTTP/1.1.',
};

/** By the error code of node:http. */
const REJECTIONS: Readonly<Record<string, Rejection>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'UNAUTHENTICATED',
    message: `The headers are longer than ${MAX_HEADER_BYTES / 1024} KB, longer than any token of this server. Send fewer headers, or log in again.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'The request did not arrive completely in time. Send it again.',
  },
};

/** Time for a client that is still sending to read the rejection. */
const LINGER_MS = 1000;

/** Responds in JSON to requests that node:http rejects while parsing. */
export function rejectMalformedRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Each chunk that follows an invalid request is an error again.
    if (socket.writable) {
      socket.on('error', () => undefined);
      socket.end(rawResponse(REJECTIONS[error.code ?? ''] ?? INVALID_HTTP));
    }
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}

function rawResponse({ status, code, message }: Rejection): string {
  const body = errorBody(code, message);
  const own = { 'content-type': JSON_TYPE, connection: 'close' };
  const fields = [
    ...securityHeaders(own),
    ...Object.entries(own).flat(),
    ...['content-length', String(Buffer.byteLength(body))],
  ];
  const lines = fields.flatMap((name, i) => (i % 2 === 0 ? `${name}: ${fields[i + 1]}` : []));
  return [`HTTP/1.1 ${status}`, ...lines, '', body].join('\r\n');
}
