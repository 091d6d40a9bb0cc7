import { connect, createServer, type Socket } from 'node:net';

/** Of a request: it is lost with its connection, or its response is; or another response is sent at once. */
export type Fate = 'REQUEST' | 'RESPONSE' | Buffer;

export type TcpProxy = { port: number; close(): void };

/** A proxy between a client and a server; `fateOf` is called for each chunk that the client sends. */
export async function startTcpProxy(
  port: number,
  fateOf: (chunk: Buffer) => Fate | undefined,
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let isCut = false;
    client.on('data', (chunk) => {
      const fate = fateOf(chunk);
      if (fate === 'REQUEST') {
        upstream.destroy();
        client.destroy();
        return;
      }
      if (Buffer.isBuffer(fate)) {
        client.write(fate);
        return;
      }
      isCut ||= fate === 'RESPONSE';
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (isCut) client.destroy();
      else client.write(chunk);
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
