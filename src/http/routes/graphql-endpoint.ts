import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLExecutor } from '../../graphql/lane.ts';
import type { Admission, RequestKind } from '../../ops/admission.ts';
import type { Log } from '../../ops/log.ts';
import { readBody } from '../body.ts';
import { createCachedPage } from '../cached-page.ts';
import { clientAddress } from '../client-address.ts';
import { overloadedReply, tooLargeReply } from '../rejections.ts';
import type { Route } from '../router.ts';

export type GraphQLRouteOptions = {
  execute: GraphQLExecutor;
  /** The page for browsers, if enabled. */
  graphiql: string | undefined;
  trustedProxies: number;
  admission: Pick<Admission, 'enter' | 'leave'>;
  log: Log;
};

/** Only its query is of interest. */
const URL = 'http://localhost/graphql';

/** `/graphql`: the API, and GraphiQL for a browser that asks for a page. */
export function graphqlRoute({
  execute,
  graphiql,
  trustedProxies,
  admission,
  log,
}: GraphQLRouteOptions): Route {
  const page = graphiql === undefined ? undefined : createCachedPage(graphiql);
  let isProxyKnown = trustedProxies > 0;

  /** Behind a proxy that is not counted, the limits per address apply to all clients together. */
  function warnOfProxy(): void {
    isProxyKnown = true;
    log.warn(
      'X-Forwarded-For is ignored: behind a proxy, all clients share one rate limit. Set TRUST_PROXY to the number of your proxies',
    );
  }

  return async (request, { search }, requestId) => {
    const { method = 'GET', headers, socket } = request;
    const body = await readBody(request);
    if (body === 'TOO_LARGE') return tooLargeReply();
    if (page && method === 'GET' && headers.accept?.includes('text/html')) return page(request);
    if (!isProxyKnown && headers['x-forwarded-for'] !== undefined) warnOfProxy();
    const address = clientAddress(socket.remoteAddress, headers['x-forwarded-for'], trustedProxies);
    const graphqlRequest = { method, headers, ...(method === 'POST' ? { body } : {}) };
    const kind = kindOf(headers, body);
    // Not before: a client that sends its body slowly must not take the room of others.
    if (!admission.enter(kind)) return overloadedReply();
    try {
      return await execute(`${URL}${search}`, graphqlRequest, { requestId, address });
    } finally {
      admission.leave(kind);
    }
  };
}

const LOGIN_FIELD = /\blogin\s*\(/;

/** Without parsing: a rejection must cost little. Of a persisted document only the id is sent. */
function kindOf({ authorization }: IncomingHttpHeaders, body: string): RequestKind {
  if (LOGIN_FIELD.test(body)) return 'login';
  return authorization === undefined && body.includes('documentId') ? 'login' : 'other';
}
