import { type GraphQLSchema, getOperationAST } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { type Connection, type Context, type CreateContext, senderOf } from '../context.ts';
import type { Log } from '../ops/log.ts';
import type { Documents } from './documents.ts';
import type { GraphQLExecutor, HttpRequest } from './lane.ts';
import {
  type CreateReport,
  describeOperation,
  inOperationSpan,
  type OperationDescription,
  type Outcome,
} from './operation-report.ts';
import type { PersistedParams } from './persisted.ts';
import { type Finishing, finishResult, withHttpStatus } from './result.ts';
import type { VariableCheck } from './variables.ts';

/** The policies that the lane applies. */
export type YogaLaneOptions = {
  schema: GraphQLSchema;
  createContext: CreateContext;
  log: Log;
  createReport: CreateReport;
  documents: Documents;
  checkVariables: VariableCheck;
  /** Replaces the query of a request by that of a persisted document; undefined accepts any query. */
  toPersistedQuery: ((params: PersistedParams) => string) | undefined;
  finishing: Finishing;
};

type YogaContext = { connection: Connection; progress: Progress };

/** What the hooks found out about a request. */
type Progress = {
  operation?: { description: OperationDescription; context: Context };
  /** Once there is a result. */
  errors?: Outcome['errors'];
};

/** GraphQL over HTTP by GraphQL Yoga: handles every kind of request. */
export function createYogaLane(options: YogaLaneOptions): GraphQLExecutor {
  const { schema, createContext, log, createReport, documents, checkVariables, toPersistedQuery, finishing } =
    options;

  const hooks: Plugin<{ context: Context; progress: Progress }, YogaContext> = {
    onParams({ params, request, setParams }) {
      if (!toPersistedQuery) return;
      // Of the URL, Yoga reads the standard parameters only.
      const documentId = new URL(request.url).searchParams.get('documentId') ?? undefined;
      setParams({ ...params, query: toPersistedQuery({ documentId, ...params }) });
    },
    onParse({ setParseFn }) {
      setParseFn(documents.parse);
    },
    onValidate({ setValidationFn }) {
      setValidationFn((_schema, document) => documents.validate(document));
    },
    onExecute({ args, executeFn, setExecuteFn, setResultAndStopExecution }) {
      const { document, operationName, variableValues } = args;
      // Yoga copies what it takes for the context, so it gets a box of ours.
      const { context, progress, request } = args.contextValue;
      const operation = getOperationAST(document, operationName);
      const description = describeOperation(operation);
      setExecuteFn((given) =>
        inOperationSpan(description, Object.fromEntries(request.headers), () =>
          executeFn({ ...given, contextValue: context }),
        ),
      );
      progress.operation = { description, context };
      const error = operation && checkVariables(operation, variableValues);
      if (error) setResultAndStopExecution({ errors: [withHttpStatus(error, 400)] });
    },
    onResultProcess({ result, setResult, serverContext: { connection, progress } }) {
      if (Array.isArray(result) || Symbol.asyncIterator in result) return;
      const finished = finishResult(result, {
        log: log.child({ requestId: connection.requestId }),
        ...finishing,
      });
      setResult(finished);
      progress.errors = finished.errors ?? [];
    },
  };

  const yoga = createYoga<YogaContext>({
    schema,
    context: ({ request, connection, progress }) => ({
      context: createContext(connection, Object.fromEntries(request.headers)),
      progress,
    }),
    plugins: [hooks],
    // documents.ts caches.
    parserAndValidationCache: false,
    extraParamNames: ['documentId'],
    // finishResult masks errors, because it logs them with the request id.
    maskedErrors: false,
    logging: yogaLog(log),
    // The http room has the routes and the limits.
    graphiql: false,
    landingPage: false,
    healthCheckEndpoint: '/yoga-health',
    maxRequestBodySize: false,
    multipart: false,
    cors: false,
    batching: false,
  });

  return async (url, request, connection) => {
    const startedAt = performance.now();
    const progress: Progress = {};
    const response = await yoga.fetch(url, toFetchRequest(request), { connection, progress });
    const body = await response.text();
    const { operation, errors } = progress;
    if (errors)
      createReport(
        'yoga',
        operation?.description,
      )({
        requestId: connection.requestId,
        errors,
        durationMs: performance.now() - startedAt,
        bytes: Buffer.byteLength(body),
        user: operation?.context.identity(),
        ...senderOf(request.headers),
      });
    return { status: response.status, headers: withoutFraming(response.headers), body };
  };
}

function toFetchRequest({ method, headers, body }: HttpRequest) {
  const fields = Object.entries(headers).map(([name, value = '']) => [name, [value].flat().join(', ')]);
  return { method, headers: Object.fromEntries(fields), ...(body === undefined ? {} : { body }) };
}

/** The framing of the response is up to node:http. */
function withoutFraming(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    [...headers]
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !['connection', 'content-length', 'transfer-encoding'].includes(name)),
  );
}

/** Yoga's own messages may quote the request, so they are not logged. */
function yogaLog(log: Log) {
  const note = () => log.debug('graphql-yoga logged a message');
  return { debug: () => undefined, info: () => undefined, warn: note, error: note };
}
