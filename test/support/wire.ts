import { createServer, request as send } from 'node:http';

/** What the wire makes of one request: goes through, loses the answer, never answers, or answers itself. */
export type Fate =
  | 'PASS'
  | 'LOSE_THE_ANSWER'
  | 'LOSE_THE_REQUEST'
  | 'HANG'
  | { status: number; body: string; type?: string };

export type Sent = { operation: string; headers: Record<string, unknown>; body: Record<string, unknown> };

/** A proxy between client and server: it sees every request and may be told to spoil some. */
export type Wire = {
  url: string;
  sent: Sent[];
  /** How many requests had this operation, such as Login. */
  count(operation: string): number;
  fate: (request: Sent) => Fate;
  close(): Promise<void>;
};

export async function createWire(port: number): Promise<Wire> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const body: Record<string, unknown> = JSON.parse(text || '{}');
    const sent = { operation: operationOf(body), headers: request.headers, body };
    wire.sent.push(sent);
    const fate = wire.fate(sent);
    if (fate === 'HANG') return;
    if (fate === 'LOSE_THE_REQUEST') return void request.socket.destroy();
    if (typeof fate === 'object')
      return void response
        .writeHead(fate.status, { 'content-type': fate.type ?? 'text/html' })
        .end(fate.body);
    const { method = 'GET', url = '/', headers } = request;
    const onward = send({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      if (fate === 'LOSE_THE_ANSWER') answer.resume().on('end', () => request.socket.destroy());
      else answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers));
    });
    onward.on('error', () => request.socket.destroy());
    onward.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const wire: Wire = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/graphql`,
    sent: [],
    count: (operation) => wire.sent.filter((request) => request.operation === operation).length,
    fate: () => 'PASS',
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return wire;
}

function operationOf({ query }: Record<string, unknown>): string {
  return /(?:query|mutation)\s+(\w+)/.exec(String(query))?.[1] ?? '';
}
