import cluster from 'node:cluster';
import { createServer, type RequestListener, type Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { HttpOptions } from '../config/config.ts';
import type { Health } from '../ops/health.ts';
import { MAX_HEADER_BYTES, rejectMalformedRequests } from './malformed.ts';

export type HttpServer = {
  port: number;
  /**
   * Announces the end for `shutdownDelayMs`: /ready responds 503 and every response closes its connection, while new
   * requests are still handled. Then stops accepting connections, and waits for requests in flight for at most ten
   * seconds.
   */
  close(): Promise<void>;
};

export type ServedApp = { handler: RequestListener; health: Health };

const MAX_DRAIN_MS = 10_000;
/** After the last connection was accepted, requests that are already on their way arrive within this time. */
const LINGER_MS = 500;
const QUIET_TURNS = 5;
/** A worker gets its connections by messages of another process, which takes longer. */
const QUIET_MS = cluster.isWorker ? 50 : 0;
const MAX_HEADERS_MS = 10_000;
/** Longer than the usual 60 s of load balancers, so that these close idle connections. */
const KEEP_ALIVE_MS = 65_000;
const MAX_CHECK_INTERVAL_MS = 5000;
/** Connections that wait to be accepted; the system may allow fewer. With 511, some of 2,000 at once waited for 16 s. */
const BACKLOG = 4096;

/**
 * Serves the app on a port.
 * @throws {Error} of node:net, with code EADDRINUSE, EACCES …
 */
export async function listen(
  { handler, health }: ServedApp,
  {
    host,
    port,
    requestTimeoutMs,
    shutdownDelayMs,
  }: Pick<HttpOptions, 'host' | 'port' | 'requestTimeoutMs' | 'shutdownDelayMs'>,
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
    server.once('error', reject).listen({ port, host, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      health.drain();
      await sleep(shutdownDelayMs);
      await acceptWaiting(server);
      const closed = stopAccepting(server);
      const force = setTimeout(() => server.closeAllConnections(), MAX_DRAIN_MS);
      await Promise.race([closed, sleep(LINGER_MS)]);
      server.closeIdleConnections();
      await closed;
      clearTimeout(force);
    },
  };
}

/** Connections that wait to be accepted would be reset. Node accepts them one by one, one in each turn of the event loop. */
async function acceptWaiting(server: Server): Promise<void> {
  let quietTurns = 0;
  let quietSince = performance.now();
  server.on('connection', () => {
    quietTurns = 0;
    quietSince = performance.now();
  });
  const end = performance.now() + LINGER_MS;
  const isQuiet = () => quietTurns >= QUIET_TURNS && performance.now() >= quietSince + QUIET_MS;
  while (!isQuiet() && performance.now() < end) {
    quietTurns += 1;
    await nextTurn();
  }
}

/**
 * Resolves when all connections have ended. `close` of http.Server would end idle connections at once, also those with a
 * request that is on its way.
 */
function stopAccepting(server: Server): Promise<void> {
  return new Promise((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
}
