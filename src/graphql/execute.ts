import type { GraphQLOptions } from '../config/config.ts';
import type { Services } from '../context.ts';
import { errorBody } from '../errors/client-error.ts';
import { buildSchema } from '../schema/index.ts';
import { createDocuments } from './documents.ts';
import type { GraphQLFetch, HttpRequest } from './lane.ts';
import { persistedQuery } from './persisted.ts';
import { createVariableCheck } from './variables.ts';
import { createYogaLane } from './yoga.ts';

/** GraphQL over HTTP at /graphql: the only entry to the schema. The caller has read the body and limited its size. */
export function createGraphQL(options: GraphQLOptions, services: Services): GraphQLFetch {
  const { introspection, suggestions, getQueries, documents: persisted } = options;
  const schema = buildSchema();
  const execute = createYogaLane({
    schema,
    services,
    documents: createDocuments({ schema, introspection, suggestions }),
    checkVariables: createVariableCheck(schema, suggestions),
    toPersistedQuery: persisted && ((params) => persistedQuery(params, persisted)),
    suggestions,
  });
  return async (url, request, connection) => {
    if (!isJsonOrBodyless(request)) return withErrorBody(new Response(null, { status: 415 }));
    if (request.method === 'GET' && !hasJsonParameters(url)) return invalidParameters();
    if (request.method === 'GET' && !getQueries && !isPersisted(url)) return queryByGet();
    return withErrorBody(await execute(url, request, connection));
  };
}

/** Pages of other sites can send forms and plain text without a preflight, but not JSON: so bodies must be JSON. */
function isJsonOrBodyless({ method, headers }: HttpRequest): boolean {
  return method !== 'POST' || /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
}

/** Yoga parses these without a check. */
function hasJsonParameters(url: string): boolean {
  const { searchParams } = new URL(url);
  try {
    for (const name of ['variables', 'extensions']) JSON.parse(searchParams.get(name) || 'null');
    return true;
  } catch {
    return false;
  }
}

function isPersisted(url: string): boolean {
  const { searchParams } = new URL(url);
  return searchParams.has('documentId') && !searchParams.has('query');
}

/** Scanners send queries by GET; clients send POST. */
function queryByGet(): Response {
  const message = 'GET accepts persisted documents only: send the query in a POST.';
  return new Response(errorBody('BAD_REQUEST', message), {
    status: 405,
    headers: { allow: 'POST', 'content-type': 'application/json; charset=utf-8' },
  });
}

function invalidParameters(): Response {
  const message =
    'variables or extensions in the URL is not JSON: encode it with encodeURIComponent, or send a POST.';
  return new Response(errorBody('BAD_REQUEST', message), {
    status: 400,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
}

/** Clients read `errors[].extensions`, so an error response without a body (405, 406, 415) gets one. */
async function withErrorBody(response: Response): Promise<Response> {
  if (response.status < 400 || response.body) return response;
  const message = `HTTP ${response.status}: send POST with Content-Type: application/json and a body such as {"query": "{ me { id } }"}.`;
  return new Response(errorBody('BAD_REQUEST', message), {
    status: response.status,
    headers: { ...Object.fromEntries(response.headers), 'content-type': 'application/json; charset=utf-8' },
  });
}
