import { createServer, type IncomingMessage } from 'node:http';
import type { MetricsOptions } from '../config/config.ts';
import { METRICS_TYPE, type MetricsSource } from '../ops/metrics.ts';

export type MetricsServer = { port: number; close(): Promise<void> };

const REQUEST_TIMEOUT_MS = 5000;

/**
 * Serves /metrics on a port of its own, which is not for clients.
 * @throws {Error} of node:net, with code EADDRINUSE, EACCES …
 */
export async function serveMetrics(
  source: MetricsSource,
  { host, port }: MetricsOptions,
): Promise<MetricsServer> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: REQUEST_TIMEOUT_MS },
    async (request, response) => {
      const { status, text } = await respond(source, request);
      response.writeHead(status, { 'content-type': METRICS_TYPE });
      response.end(text);
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(source: MetricsSource, { method, url = '' }: IncomingMessage) {
  if (url.split('?', 1)[0] !== '/metrics') return { status: 404, text: '' };
  return method === 'GET' ? read(source) : { status: 405, text: '' };
}

async function read({ text }: MetricsSource): Promise<{ status: number; text: string }> {
  try {
    return { status: 200, text: await text() };
  } catch {
    return { status: 503, text: '' };
  }
}
