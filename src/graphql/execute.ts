import type { GraphQLSchema } from 'graphql';
import type { GraphQLOptions } from '../config/config.ts';
import type { CoreServices, CreateContext } from '../context.ts';
import { errorBody } from '../errors/client-error.ts';
import type { ErrorTable } from '../errors/codes.ts';
import { createCompiledLane } from './compiled.ts';
import { createDocuments } from './documents.ts';
import { type GraphQLExecutor, type HttpReply, type HttpRequest, JSON_TYPE } from './lane.ts';
import { createOperationReports } from './operation-report.ts';
import { type PersistedParams, persistedQuery } from './persisted.ts';
import { createVariableCheck } from './variables.ts';
import { createYogaLane } from './yoga.ts';

export type GraphQLParts = {
  schema: GraphQLSchema;
  errorCodes: ErrorTable;
  services: Pick<CoreServices, 'log' | 'metrics'>;
  createContext: CreateContext;
};

/**
 * GraphQL over HTTP at /graphql: the only entry to the schema. The caller has read the body and limited its size. A POST
 * of a document that is sent often takes the compiled lane, everything else that of Yoga.
 */
export function createGraphQL(
  options: GraphQLOptions,
  { schema, errorCodes, services, createContext }: GraphQLParts,
): GraphQLExecutor {
  const { introspection, suggestions, getQueries, documents: persisted, logSample } = options;
  const policies = {
    createContext,
    log: services.log,
    createReport: createOperationReports({ ...services, logSample }),
    documents: createDocuments({ schema, introspection, suggestions }),
    checkVariables: createVariableCheck(schema, suggestions),
    toPersistedQuery: persisted && ((params: PersistedParams) => persistedQuery(params, persisted)),
    finishing: { suggestions, errorCodes },
  };
  const executeCompiled = createCompiledLane(policies);
  const executeByYoga = createYogaLane({ schema, ...policies });

  return async (url, request, connection) => {
    if (!isJsonOrBodyless(request)) return withErrorBody({ status: 415, headers: {}, body: '' });
    if (request.method === 'GET' && !hasJsonParameters(url)) return invalidParameters();
    if (request.method === 'GET' && !getQueries && !isPersisted(url)) return queryByGet();
    return (
      (await executeCompiled(url, request, connection)) ??
      withErrorBody(await executeByYoga(url, request, connection))
    );
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
function queryByGet(): HttpReply {
  const message = 'GET accepts persisted documents only: send the query in a POST.';
  return {
    status: 405,
    headers: { allow: 'POST', 'content-type': JSON_TYPE },
    body: errorBody('BAD_REQUEST', message),
  };
}

function invalidParameters(): HttpReply {
  const message =
    'variables or extensions in the URL is not JSON: encode it with encodeURIComponent, or send a POST.';
  return { status: 400, headers: { 'content-type': JSON_TYPE }, body: errorBody('BAD_REQUEST', message) };
}

/** Clients read `errors[].extensions`, so an error response without a body (405, 406, 415) gets one. */
function withErrorBody(reply: HttpReply): HttpReply {
  if (reply.body !== '') return reply;
  const message = `HTTP ${reply.status}: send POST with Content-Type: application/json and a body such as {"query": "{ me { id } }"}.`;
  return {
    ...reply,
    headers: { ...reply.headers, 'content-type': JSON_TYPE },
    body: errorBody('BAD_REQUEST', message),
  };
}
