import { GraphQLError, getOperationAST } from 'graphql';
import { createYoga, type Plugin, type YogaServerOptions } from 'graphql-yoga';
import { type Config, ConfigError } from '../config/config.ts';
import { type Connection, createContext, type Services } from '../context.ts';
import { failureBody, finishError } from '../errors/codes.ts';
import type { Log } from '../ops/log.ts';
import { schema } from '../schema/index.ts';
import { createGates, type Gates, type GatesOptions, persistedQuery } from './documents.ts';
import { graphiqlOptions, withScripts } from './graphiql/page.ts';

/** A request whose header names are in lower case, as node:http has them. */
export type HttpRequest = { method: string; headers: Record<string, string>; body?: string };

/** GraphQL over HTTP at /graphql; the caller has read the body and seen to its size. */
export type GraphQLFetch = (url: string, request: HttpRequest, connection: Connection) => Promise<Response>;

type YogaConfig = Pick<Config, 'http' | 'graphql'>;

/**
 * Puts our schema, context, gates and errors into Yoga.
 * @throws {ConfigError} when GraphiQL is asked for and not installed
 */
export async function createGraphQL(config: YogaConfig, services: Services): Promise<GraphQLFetch> {
  const yoga = await createServer(config, services);
  return async (url, request, connection) =>
    withBody(isJson(request) ? await yoga.fetch(url, request, { connection }) : unsupported());
}

type ServerContext = { connection: Connection };

async function createServer({ http, graphql }: YogaConfig, services: Services) {
  return createYoga<ServerContext>({
    schema,
    context: ({ request, connection }) => createContext(services, connection, request.headers),
    ...(await graphiql(http.graphiql)),
    plugins: [
      ...(graphql.documents ? [onlyDocumentsOf(graphql.documents)] : []),
      passGates(createGates({ schema, ...graphql })),
      finishErrors(services.log, graphql),
    ],
    // The gates keep what is good and nothing else.
    parserAndValidationCache: false,
    extraParamNames: ['documentId'],
    // finishError does it, for it knows the request that it logs about.
    maskedErrors: false,
    logging: yogaLog(services.log),
    // http.ts has the routes and the limits.
    landingPage: false,
    healthCheckEndpoint: '/yoga-health',
    maxRequestBodySize: false,
    multipart: false,
    cors: false,
    batching: false,
  });
}

function passGates(gates: Gates): Plugin<object, ServerContext> {
  return {
    onParse({ setParseFn }) {
      setParseFn(gates.parse);
    },
    onValidate({ setValidationFn }) {
      setValidationFn((_schema, document) => gates.validate(document));
    },
    onExecute({ args: { document, operationName, variableValues }, setResultAndStopExecution }) {
      const operation = getOperationAST(document, operationName);
      const error = operation && gates.checkVariables(operation, variableValues);
      if (error) setResultAndStopExecution({ errors: [withStatus(error, 400)] });
    },
  };
}

/** For a request that is refused as a whole. */
function withStatus({ message, extensions }: GraphQLError, status: number): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, http: { status } } });
}

function onlyDocumentsOf(documents: ReadonlyMap<string, string>): Plugin<object, ServerContext> {
  return {
    onParams({ params, setParams }) {
      setParams({ ...params, query: persistedQuery(params, documents) });
    },
  };
}

/** The one place that every error of every result passes. */
function finishErrors(
  log: Log,
  { suggestions }: Pick<GatesOptions, 'suggestions'>,
): Plugin<object, ServerContext> {
  return {
    onResultProcess({ result, setResult, serverContext }) {
      if (Array.isArray(result) || !('errors' in result) || !result.errors) return;
      const requestLog = log.child({ requestId: serverContext.connection.requestId });
      setResult({
        ...result,
        errors: result.errors.map((error) => finishError(toGraphQLError(error), requestLog, suggestions)),
      });
    },
  };
}

function toGraphQLError(error: unknown): GraphQLError {
  return error instanceof GraphQLError ? error : new GraphQLError('', { originalError: toError(error) });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new TypeError('thrown: no Error');
}

/** The page comes from this process whole: the default one loads its scripts from elsewhere. */
async function graphiql(
  on: boolean,
): Promise<Pick<YogaServerOptions<ServerContext, object>, 'graphiql' | 'renderGraphiQL'>> {
  if (!on) return { graphiql: false };
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql').catch(() => {
    throw new ConfigError([
      'GRAPHIQL=1 needs a package that is not installed: npm install --no-save @graphql-yoga/render-graphiql',
    ]);
  });
  return { graphiql: graphiqlOptions, renderGraphiQL: withScripts(renderGraphiQL) };
}

/** Yoga's own messages may quote the request, so only their number counts. */
function yogaLog(log: Log) {
  const say = () => log.debug('graphql-yoga has something to say');
  return { debug: () => undefined, info: () => undefined, warn: say, error: say };
}

/** A page of another site can post forms and plain text without asking; JSON it can't. So bodies are JSON. */
function isJson({ method, headers }: HttpRequest): boolean {
  return method !== 'POST' || /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
}

function unsupported() {
  return new Response(null, { status: 415 });
}

/** Clients look at `errors[].extensions`, so answers without a body (405, 406, 415) get one. */
async function withBody(response: Response): Promise<Response> {
  if (response.status < 400 || response.body) return response;
  const message = `HTTP ${response.status}: send POST with Content-Type: application/json and a body such as {"query": "{ me { id } }"}.`;
  return new Response(failureBody('BAD_REQUEST', message), {
    status: response.status,
    headers: { ...Object.fromEntries(response.headers), 'content-type': 'application/json; charset=utf-8' },
  });
}
