import { createServer, type RequestListener } from 'node:http';
import type { HttpOptions } from '../config/config.ts';
import type { Health } from '../ops/health.ts';
import { MAX_HEADER_BYTES, rejectMalformedRequests } from './malformed.ts';

export type HttpServer = {
  port: number;
  /** Stops accepting connections and waits for requests in flight, for at most ten seconds. */
  close(): Promise<void>;
};

export type ServedApp = { handler: RequestListener; health: Health };

const MAX_DRAIN_MS = 10_000;
const MAX_HEADERS_MS = 10_000;
/** Longer than the usual 60 s of load balancers, so that these close idle connections. */
const KEEP_ALIVE_MS = 65_000;
const MAX_CHECK_INTERVAL_MS = 5000;

/**
 * Serves the app on a port.
 * @throws {Error} of node:net, with code EADDRINUSE, EACCES …
 */
export async function listen(
  { handler, health }: ServedApp,
  { host, port, requestTimeoutMs }: Pick<HttpOptions, 'host' | 'port' | 'requestTimeoutMs'>,
): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(requestTimeoutMs, MAX_HEADERS_MS),
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(requestTimeoutMs / 2, MAX_CHECK_INTERVAL_MS),
    },
    handler,
  );
  rejectMalformedRequests(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      health.drain();
      const force = setTimeout(() => server.closeAllConnections(), MAX_DRAIN_MS);
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(force);
    },
  };
}
