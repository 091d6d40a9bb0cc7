import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import { withDeadline } from '../../common/deadline.ts';
import { timeLimitError } from '../../graphql/time-limit.ts';
import type { Admission } from '../../ops/admission.ts';
import { readBytes } from '../body.ts';
import { clientAddress } from '../client-address.ts';
import { overloadedReply, tooLargeReply } from '../rejections.ts';
import { errorReply, jsonReply, type Reply } from '../reply.ts';
import type { Route } from '../router.ts';

export type ModuleRouteOptions<Context> = {
  handle(request: Request, context: Context): Response | Promise<Response>;
  createContext(connection: { requestId: string; address: string }, headers: IncomingHttpHeaders): Context;
  trustedProxies: number;
  admission: Pick<Admission, 'enter' | 'leave'>;
  /** Milliseconds for the handler. */
  timeoutMs: number;
  /** What the client may see of an error that was thrown. */
  finish(error: unknown, requestId: string): GraphQLError;
};

/** A route of a module, which has the Request and Response of fetch. */
export function moduleRoute<Context>({
  handle,
  createContext,
  trustedProxies,
  admission,
  timeoutMs,
  finish,
}: ModuleRouteOptions<Context>): Route {
  return async (request, { path, search }, requestId) => {
    const { method = 'GET', headers, socket } = request;
    if (FORBIDDEN.has(method)) return errorReply(405, 'BAD_REQUEST', `The method ${method} is not accepted.`);
    const body = await readBytes(request);
    if (body === 'TOO_LARGE') return tooLargeReply();
    const address = clientAddress(socket.remoteAddress, headers['x-forwarded-for'], trustedProxies);
    if (!admission.enter('other')) return overloadedReply();
    try {
      const context = createContext({ requestId, address }, headers);
      const handling = Promise.resolve(handle(toFetchRequest(request, `${path}${search}`, body), context));
      return await toReply(await withDeadline(timeoutMs, handling, timeLimitError));
    } catch (error) {
      return failureReply(finish(error, requestId));
    } finally {
      admission.leave('other');
    }
  };
}

/** fetch has no Request with them. */
const FORBIDDEN: ReadonlySet<string> = new Set(['TRACE', 'TRACK', 'CONNECT']);

/** HTTP statuses of error codes; of others 400. */
const STATUSES: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  USER_DISABLED: 403,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};

function failureReply({ message, extensions }: GraphQLError): Reply {
  const { code } = extensions;
  const status = (typeof code === 'string' ? STATUSES[code] : undefined) ?? 400;
  return jsonReply(status, { errors: [{ message, extensions }] });
}

async function toReply(response: unknown): Promise<Reply> {
  if (!(response instanceof Response)) throw new TypeError('the route returned no Response');
  return {
    status: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => !LEFT_OUT.has(name))),
    cookies: response.headers.getSetCookie(),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** The framing of the response is up to node:http; cookies are separate headers. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'transfer-encoding', 'keep-alive', 'trailer', 'upgrade'],
  ...['set-cookie', 'x-request-id'],
]);

function toFetchRequest(
  { method = 'GET', headers }: IncomingMessage,
  target: string,
  body: Uint8Array<ArrayBuffer>,
): Request {
  const fields = Object.entries(headers).map(([name, value = '']): [string, string] => [
    name,
    [value].flat().join(', '),
  ]);
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://localhost${target}`, {
    method,
    headers: fields,
    ...(hasBody ? { body } : {}),
  });
}
