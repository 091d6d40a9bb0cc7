import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FaultName, sendFault } from './faults.ts';

export type Request = {
  method: string;
  path: string;
  query: URLSearchParams;
  /** The JSON of the body, whatever its content type; undefined if it is empty or not JSON. */
  body: unknown;
};

/** A response of WeChat, or a fault of the network. */
export type SandboxResponse =
  | { status?: number; type?: string; body: Record<string, unknown> }
  | { fault: FaultName };

export type Handler = (request: Request) => SandboxResponse | Promise<SandboxResponse>;

export type Routes = Readonly<Record<string, Handler>>;

const MAX_BODY_BYTES = 64 * 1024;

/** Serves the routes on a loopback port. */
export async function serve(
  routes: Routes,
  port: number,
  now: () => number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    // WeChat's clock, also where tests set it.
    response.setHeader('date', new Date(now()).toUTCString());
    respond(request, routes).then(
      (reply) => write(response, reply),
      () => write(response, { status: 400, body: { error: 'The body is larger than 64 KB.' } }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function post(handler: Handler): Handler {
  return (request) =>
    request.method === 'POST' ? handler(request) : usageError('Use POST with a JSON body.', 405);
}

/** The response to an invalid request of a control. */
export function usageError(error: string, status = 400): SandboxResponse {
  return { status, body: { error } };
}

export function fields(body: unknown): Record<string, unknown> {
  return {
    ...(typeof body === 'object' ? body : {}),
  };
}

async function respond(request: IncomingMessage, routes: Routes): Promise<SandboxResponse> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readJson(request);
  const handler = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (!handler) return unknownPath(pathname, routes);
  // Like api.weixin.qq.com, the API rejects chunked bodies; the controls accept them.
  if (request.headers['transfer-encoding'] && !pathname.startsWith('/sandbox/'))
    return usageError('Precondition Failed: send Content-Length.', 412);
  return handler({ method: request.method ?? 'GET', path: pathname, query: searchParams, body });
}

/** With an errcode, as WeChat does: some SDKs take a response without one for a success. */
function unknownPath(pathname: string, routes: Routes): SandboxResponse {
  const known = Object.keys(routes).filter(
    (path) => path.startsWith('/sandbox/') === pathname.startsWith('/sandbox/'),
  );
  return {
    status: pathname.startsWith('/sandbox/') ? 404 : 200,
    body: { errcode: 40066, errmsg: `invalid url: the sandbox has ${known.join(', ')}` },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new RangeError('body too large');
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** WeChat escapes the slashes of a session_key in its JSON. */
function write(response: ServerResponse, reply: SandboxResponse): void {
  if ('fault' in reply) {
    sendFault(reply.fault, response);
    return;
  }
  const { status = 200, type = 'application/json', body } = reply;
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body).replaceAll('/', '\\/'));
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : 0;
}
