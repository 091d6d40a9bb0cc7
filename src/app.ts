import { createKeyring, type TokenKeys } from './auth/keys.ts';
import { createTokens } from './auth/tokens.ts';
import { createSessionReader } from './auth/verified-tokens.ts';
import type { Clock } from './common/clock.ts';
import type { Config } from './config/config.ts';
import { type Connection, type CoreServices, contextFactory } from './context.ts';
import { openCounterStore } from './counter-store.ts';
import { createGraphQL } from './graphql/execute.ts';
import { renderGraphiqlPage } from './graphql/graphiql/page.ts';
import { finishFailure } from './graphql/result.ts';
import { limitTime } from './graphql/time-limit.ts';
import { createRouter, type Handler, type Routes } from './http/router.ts';
import { graphqlRoute } from './http/routes/graphql-endpoint.ts';
import { jwksRoute } from './http/routes/jwks.ts';
import { moduleRoute } from './http/routes/module-route.ts';
import { errorTableRoute, homeRoute } from './http/routes/pages.ts';
import { healthRoute, readyRoute } from './http/routes/probes.ts';
import { sandboxDataRoute } from './http/routes/sandbox-data.ts';
import { wechatPushRoute } from './http/routes/wechat-push.ts';
import { assemble } from './modules/assembly.ts';
import type { DefinedModule, ModuleRoute } from './modules/module.ts';
import { startServices } from './modules/module-services.ts';
import { createRoleReader } from './modules/stored-roles.ts';
import { createAdmission } from './ops/admission.ts';
import { gaugesOf } from './ops/gauges.ts';
import { createHealth, type Health } from './ops/health.ts';
import { createLog, type Log } from './ops/log.ts';
import { measureLoopDelay } from './ops/loop-delay.ts';
import { type MetricsSource, NO_METRICS } from './ops/metrics.ts';
import { createOutcomeSeal } from './ops/outcome-seal.ts';
import { createRateLimits } from './ops/rate-limit.ts';
import { createRepeats } from './repeats.ts';
import { openStorage, type Storage } from './storage/open.ts';
import { createPushes } from './webhooks/pushes.ts';
import { createWeChat, type WeChatApp } from './wechat/client.ts';
import { createDataDecryptor } from './wechat/encrypted-data.ts';
import { type Endpoint, ERRCODES } from './wechat/errcodes.ts';
import { createPushReader } from './wechat/push-messages.ts';

export type App = {
  /** Handles every HTTP request: give it to `listen`, or mount it on a server of your own: docs/mounting.md. */
  handler: Handler;
  /**
   * Executes a request to /graphql without HTTP, for tests. The URL has any origin.
   * @param connection its request id and the address of the client
   */
  fetch(input: string | URL | Request, init?: RequestInit, connection?: Connection): Promise<Response>;
  health: Health;
  /**
   * @internal
   * Uses the secrets of another configuration from now on: keys of tokens, secrets of session_keys, and AppSecrets of the
   * same mini programs. Nothing else of it is used.
   */
  replaceSecrets(next: Pick<Config, 'auth' | 'sessionKeySecrets' | 'wechat'>): Promise<void>;
  /** The URL of the built-in WeChat sandbox; null if it does not run. */
  sandboxUrl: string | null;
  /**
   * @internal
   * Undefined unless METRICS_PORT is set.
   */
  metrics: MetricsSource | undefined;
  /** @internal */
  storage: Storage;
  log: Log;
  close(): Promise<void>;
};

export type AppOptions = {
  /** In the order in which they are started. */
  modules?: readonly DefinedModule[];
  overrides?: Overrides;
};

/** What tests may replace. */
export type Overrides = { now?: Clock; log?: Log };

const IN_PROCESS: Connection = { requestId: 'fetch', address: '127.0.0.1' };

/** Functions that close what was opened, in the order of opening. */
type Closers = (() => Promise<void>)[];

/**
 * Creates the app from its configuration, without listening on a port. On failure it closes what it opened.
 * @throws {ModuleError} when a module cannot be used
 * @throws {StorageError} when the database cannot be used
 */
export async function createApp(
  config: Config,
  { modules = [], overrides = {} }: AppOptions = {},
): Promise<App> {
  const closers: Closers = [];
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    return { ...(await compose(config, modules, overrides, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(
  config: Config,
  modules: readonly DefinedModule[],
  { now = Date.now, log = createLog(config.log.level) }: Overrides,
  closers: Closers,
): Promise<Omit<App, 'close'>> {
  const { schema, roles, errorCodes, migrations } = assemble(modules, config.roles);
  const prometheus =
    config.metrics &&
    (await import('./ops/prometheus.ts')).createPrometheusMetrics(ERRCODES.map(({ errcode }) => errcode));
  const metrics = prometheus ?? NO_METRICS;
  const storage = await openStorage(config.database, config.sessionKeySecrets, {
    now,
    onStatement: prometheus?.statement,
    readRole: createRoleReader(roles, log),
  });
  closers.push(storage.close);
  const sandbox = config.wechat.sandbox ? await startSandbox(config.wechat.apps) : undefined;
  if (sandbox) closers.push(sandbox.close);
  const memory =
    config.redisUrl === undefined
      ? undefined
      : await (await import('./ops/redis.ts')).connectSharedMemory(config.redisUrl, log);
  if (memory) closers.push(async () => memory.close());
  const store = await openCounterStore(config, { memory, log, closers });
  if (config.migrateOnStart) await storage.migrate(migrations);
  await storage.check(migrations);

  const { users } = storage;
  const { apiUrl, timeoutMs, maxCalls, repeatMs } = config.wechat;
  const [firstApp, ...otherApps] = config.wechat.apps;
  const apps: CoreServices['apps'] = [{ ...firstApp }, ...otherApps.map((app) => ({ ...app }))];
  const { tokenTtl: ttl, sessionMaxAge: maxAge } = config.auth;
  const audience = apps.map(({ appId }) => appId);
  const openAuth = async (keys: TokenKeys) => {
    const keyring = await createKeyring(keys);
    const tokens = createTokens({ keys: keyring, ttl, maxAge, audience, now });
    return { jwks: keyring.jwks, tokens, readSession: createSessionReader(tokens, now) };
  };
  let auth = await openAuth(config.auth);
  let seal = createOutcomeSeal(config.sessionKeySecrets);
  const wechat = createWeChat({
    apiUrl: sandbox?.url ?? apiUrl,
    timeoutMs,
    maxCalls,
    onOutage: (endpoint, failing) => logOutage(log, endpoint, failing),
    onCall: metrics.wechatCall,
    now,
  });
  closers.push(wechat.close);
  const services: CoreServices = {
    apps,
    wechat,
    decryptor: createDataDecryptor(now),
    repeats: createRepeats({ ttlMs: repeatMs, now, memory, seal: () => seal }),
    users,
    tokens: { issue: (...args) => auth.tokens.issue(...args) },
    readSession: (authorization) => auth.readSession(authorization),
    limits: createRateLimits(config.rateLimits, { log, store, metrics, now }),
    log,
    metrics,
  };
  const ofModules = await startServices(modules, {
    database: storage.database,
    users,
    log,
    now,
    newId: users.newId,
  });
  closers.push(ofModules.close);
  const createContext = contextFactory(services, ofModules.services);
  const { requestTimeoutMs, trustedProxies, corsOrigins } = config.http;
  const executor = createGraphQL(config.graphql, { schema, errorCodes, services, createContext });
  const execute = modules.length > 0 ? limitTime(executor, requestTimeoutMs) : executor;
  const health = createHealth(storage.ping, now);
  const pushes = createPushes({ reader: createPushReader(config.wechat.pushes, now), users, log, now });

  const loopDelay = measureLoopDelay();
  closers.push(async () => loopDelay.close());
  const admission = createAdmission(config.overload, { loopDelay, log, metrics });
  const { suggestions } = config.graphql;
  const graphiql = config.http.graphiql ? await renderGraphiqlPage(config.http.graphiqlRequired) : undefined;
  const finish = (error: unknown, requestId: string) =>
    finishFailure(error, { log: log.child({ requestId }), suggestions, errorCodes });
  const ofModule = (handle: ModuleRoute) =>
    moduleRoute({ handle, createContext, trustedProxies, admission, timeoutMs: requestTimeoutMs, finish });
  const routes: Routes = {
    ...Object.fromEntries(routesOf(modules).map(([path, handle]) => [path, ofModule(handle)])),
    '/graphql': graphqlRoute({ execute, graphiql, trustedProxies, admission, log }),
    '/wechat/push/*': wechatPushRoute(pushes),
    '/health': healthRoute(),
    '/ready': readyRoute(health),
    '/.well-known/jwks.json': jwksRoute(() => auth.jwks),
    ...(config.http.graphiql ? { '/errors': errorTableRoute(errorCodes) } : {}),
    ...(graphiql ? { '/': homeRoute() } : {}),
    ...(graphiql && sandbox ? { '/sandbox/encrypted': sandboxDataRoute(sandbox.url) } : {}),
  };
  const handler = createRouter({ routes, corsOrigins, health, log });
  const fetch: App['fetch'] = async (input, init, connection = IN_PROCESS) => {
    const request = new Request(input, init);
    const { body, ...rest } = await execute(
      request.url,
      {
        method: request.method,
        headers: Object.fromEntries(request.headers),
        ...(request.method === 'POST' ? { body: await request.text() } : {}),
      },
      connection,
    );
    return new Response(body, rest);
  };
  prometheus?.addGauges(gaugesOf({ storage, wechat, admission, memory }));
  const replaceSecrets: App['replaceSecrets'] = async (next) => {
    auth = await openAuth(next.auth);
    storage.replaceSecrets(next.sessionKeySecrets);
    seal = createOutcomeSeal(next.sessionKeySecrets);
    for (const app of apps) app.secret = findSecret(next.wechat.apps, app);
  };
  return {
    handler,
    fetch,
    health,
    replaceSecrets,
    metrics: prometheus,
    sandboxUrl: sandbox?.url ?? null,
    storage,
    log,
  };
}

function findSecret(apps: readonly WeChatApp[], { appId, secret }: WeChatApp): string {
  return apps.find((app) => app.appId === appId)?.secret ?? secret;
}

function logOutage(log: Log, endpoint: Endpoint, failing: boolean): void {
  if (failing) log.error({ wechat: { endpoint } }, 'WeChat circuit open: failing fast');
  else log.info({ wechat: { endpoint } }, 'WeChat circuit closed: WeChat responds again');
}

/** Never loaded in production. */
async function startSandbox(apps: Config['wechat']['apps']) {
  return (await import('./sandbox/index.ts')).createSandbox({ apps });
}

function routesOf(modules: readonly DefinedModule[]): [path: string, handle: ModuleRoute][] {
  return modules.flatMap(({ routes = {} }) => Object.entries(routes));
}
