import { Agent, createServer, request } from 'node:http';

export type Proxy = { port: number; close(): Promise<void> };

const PROBE_MS = 500;

/** A reverse proxy as load balancers are: keep-alive to its backends, and requests only to those that are ready. */
export async function startProxy(backends: readonly string[]): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const ready = new Set(backends);
  let turn = 0;

  const probe = async (backend: string) => {
    const isReady = await fetch(`${backend}/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (isReady) ready.add(backend);
    else ready.delete(backend);
  };
  const probing = setInterval(() => backends.forEach(probe), PROBE_MS);

  const server = createServer((incoming, outgoing) => {
    const available = [...ready];
    const backend = new URL(available[turn++ % available.length] ?? 'http://127.0.0.1:1');
    const { connection: _connection, ...headers } = incoming.headers;
    const forwarded = request(
      {
        agent,
        host: backend.hostname,
        port: backend.port,
        path: incoming.url,
        method: incoming.method,
        headers,
      },
      (response) => {
        const { connection: _hop, ...answer } = response.headers;
        outgoing.writeHead(response.statusCode ?? 502, answer);
        response.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      clearInterval(probing);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}
