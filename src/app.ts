import { GraphQLError, getOperationAST } from 'graphql';
import { createYoga, type Plugin, type YogaServerOptions } from 'graphql-yoga';
import { createKeyring, type Keyring } from './auth/keys.ts';
import { createTokens } from './auth/tokens.ts';
import { type Config, ConfigError } from './config.ts';
import { type Connection, createContext, type Services } from './context.ts';
import { failureBody, finishError } from './errors.ts';
import { createGates, type Gates, type GatesOptions, persistedQuery } from './gates.ts';
import { graphiqlOptions, withScripts } from './graphiql.ts';
import { createLog, type Log } from './ops/log.ts';
import { type CounterStore, createRateLimits } from './ops/rate-limit.ts';
import { createPushes, type Pushes } from './pushes.ts';
import { schema } from './schema/index.ts';
import { openStorage, type Storage } from './storage/open.ts';
import { createWeChat } from './wechat/client.ts';
import { createSealOpener } from './wechat/crypto.ts';
import { createPushReader } from './wechat/push.ts';
import { createRepeats } from './wechat/repeats.ts';

/** A request whose header names are in lower case, as node:http has them. */
export type HttpRequest = { method: string; headers: Record<string, string>; body?: string };

export type App = {
  /** GraphQL over HTTP at /graphql; the caller has read the body and seen to its size. */
  fetch(url: string, request: HttpRequest, connection: Connection): Promise<Response>;
  /** The public keys of our tokens, empty unless a private key is configured. */
  jwks: Keyring['jwks'];
  pushes: Pushes;
  storage: Storage;
  log: Log;
  /** Where the sandbox listens, if it stands in for WeChat. */
  sandboxUrl: string | undefined;
  close(): Promise<void>;
};

/** What a test may put in the place of the real thing. */
export type Overrides = { now?: () => Date; log?: Log };

/**
 * Makes the whole product of its configuration, without a socket of its own; nothing exists before, nothing is
 * left after `close`.
 * @throws {StorageError} when the database can't be used; whatever it throws, nothing is left open
 */
export const createApp = async (config: Config, overrides: Overrides = {}): Promise<App> => {
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    return { ...(await compose(config, overrides, opened)), close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** @param opened gets what ends each thing, as soon as it is there */
const compose = async (
  config: Config,
  overrides: Overrides,
  opened: (() => Promise<void>)[],
): Promise<Omit<App, 'close'>> => {
  const { now, log = createLog(config.log.level) } = overrides;
  const { apps, timeoutMs, maxCalls, repeatMs } = config.wechat;
  const clock = now ? { now: () => now().getTime() } : {};
  const storage = await openStorage(config.database, config.sessionKeySecrets, now);
  opened.push(storage.close);
  const sandbox = config.wechat.sandbox ? await startSandbox(apps) : undefined;
  if (sandbox) opened.push(sandbox.close);
  const counters = await openCounters(config, log);
  if (counters) opened.push(counters.pool.close);
  if (config.migrateOnStart) await storage.migrate();
  await storage.check();
  const keys = await createKeyring(config.auth);
  const yoga = await createServer(config, {
    apps,
    wechat: createWeChat({
      apiUrl: sandbox?.url ?? config.wechat.apiUrl,
      timeoutMs,
      maxCalls,
      onOutage: (endpoint, failing) =>
        failing
          ? log.error({ wechat: { endpoint } }, 'WeChat fails for everyone: callers are told at once')
          : log.info({ wechat: { endpoint } }, 'WeChat answers again'),
      ...clock,
    }),
    seals: createSealOpener(clock.now),
    repeats: createRepeats({ ttlMs: repeatMs, ...clock }),
    users: storage.users,
    tokens: createTokens({
      keys,
      ttl: config.auth.tokenTtl,
      maxAge: config.auth.sessionMaxAge,
      audience: apps.map(({ appId }) => appId),
      ...(now ? { now } : {}),
    }),
    limits: createRateLimits(config.rateLimits, counters),
    log,
  });
  return {
    fetch: async (url, request, connection) =>
      withBody(isJson(request) ? await yoga.fetch(url, request, { connection }) : unsupported()),
    jwks: keys.jwks,
    pushes: createPushes({
      reader: createPushReader(config.wechat.pushes, clock.now),
      users: storage.users,
      log,
      ...clock,
    }),
    storage,
    log,
    sandboxUrl: sandbox?.url,
  };
};

/** Never loaded in production. */
const startSandbox = async (apps: Config['wechat']['apps']) =>
  (await import('./wechat/sandbox/index.ts')).createSandbox({ apps });

/** Where replicas count together, if they do. */
const openCounters = async ({ database, rateLimitStore }: Config, log: Log) => {
  if (rateLimitStore === 'memory' || database.dialect !== 'mysql') return undefined;
  const { createCounterPool } = await import('./storage/counters.ts');
  const pool = createCounterPool(database, (err) =>
    log.warn({ err }, 'rate limits are counted by this process alone'),
  );
  return { pool, database: database.database } satisfies CounterStore;
};

type ServerContext = { connection: Connection };

const createServer = async ({ http, graphql }: Config, services: Services) =>
  createYoga<ServerContext>({
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

const passGates = (gates: Gates): Plugin<object, ServerContext> => ({
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
});

/** For a request that is refused as a whole. */
const withStatus = ({ message, extensions }: GraphQLError, status: number): GraphQLError =>
  new GraphQLError(message, { extensions: { ...extensions, http: { status } } });

const onlyDocumentsOf = (documents: ReadonlyMap<string, string>): Plugin<object, ServerContext> => ({
  onParams({ params, setParams }) {
    setParams({ ...params, query: persistedQuery(params, documents) });
  },
});

/** The one place that every error of every result passes. */
const finishErrors = (
  log: Log,
  { suggestions }: Pick<GatesOptions, 'suggestions'>,
): Plugin<object, ServerContext> => ({
  onResultProcess({ result, setResult, serverContext }) {
    if (Array.isArray(result) || !('errors' in result) || !result.errors) return;
    const requestLog = log.child({ requestId: serverContext.connection.requestId });
    setResult({
      ...result,
      errors: result.errors.map((error) => finishError(toGraphQLError(error), requestLog, suggestions)),
    });
  },
});

const toGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError('', { originalError: toError(error) });

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new TypeError('thrown: no Error');

/** The page comes from this process whole: the default one loads its scripts from elsewhere. */
const graphiql = async (
  on: boolean,
): Promise<Pick<YogaServerOptions<ServerContext, object>, 'graphiql' | 'renderGraphiQL'>> => {
  if (!on) return { graphiql: false };
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql').catch(() => {
    throw new ConfigError([
      'GRAPHIQL=1 needs a package that is not installed: npm install --no-save @graphql-yoga/render-graphiql',
    ]);
  });
  return { graphiql: graphiqlOptions, renderGraphiQL: withScripts(renderGraphiQL) };
};

/** Yoga's own messages may quote the request, so only their number counts. */
const yogaLog = (log: Log) => {
  const say = () => log.debug('graphql-yoga has something to say');
  return { debug: () => undefined, info: () => undefined, warn: say, error: say };
};

/** A page of another site can post forms and plain text without asking; JSON it can't. So bodies are JSON. */
const isJson = ({ method, headers }: HttpRequest): boolean =>
  method !== 'POST' || /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');

const unsupported = () => new Response(null, { status: 415 });

/** Clients look at `errors[].extensions`, so answers without a body (405, 406, 415) get one. */
const withBody = async (response: Response): Promise<Response> => {
  if (response.status < 400 || response.body) return response;
  const message = `HTTP ${response.status}: send POST with Content-Type: application/json and a body such as {"query": "{ me { id } }"}.`;
  return new Response(failureBody('BAD_REQUEST', message), {
    status: response.status,
    headers: { ...Object.fromEntries(response.headers), 'content-type': 'application/json; charset=utf-8' },
  });
};
