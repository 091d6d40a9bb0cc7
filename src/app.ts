import type { RequestListener } from 'node:http';
import { createKeyring, type TokenKeys } from './auth/keys.ts';
import { createTokens } from './auth/tokens.ts';
import { createSessionReader } from './auth/verified-tokens.ts';
import type { Clock } from './common/clock.ts';
import { createSingleFlight } from './common/single-flight.ts';
import type { Config } from './config/config.ts';
import { type LoginOutcome, loginOutcome, type Repeats, type Services } from './context.ts';
import { createGraphQL } from './graphql/execute.ts';
import { renderGraphiqlPage } from './graphql/graphiql/page.ts';
import type { GraphQLExecutor } from './graphql/lane.ts';
import { createRouter, type Routes } from './http/router.ts';
import { graphqlRoute } from './http/routes/graphql-endpoint.ts';
import { jwksRoute } from './http/routes/jwks.ts';
import { errorTableRoute, homeRoute } from './http/routes/pages.ts';
import { healthRoute, readyRoute } from './http/routes/probes.ts';
import { sandboxDataRoute } from './http/routes/sandbox-data.ts';
import { wechatPushRoute } from './http/routes/wechat-push.ts';
import { createAdmission } from './ops/admission.ts';
import { gaugesOf } from './ops/gauges.ts';
import { createHealth, type Health } from './ops/health.ts';
import { createLog, type Log } from './ops/log.ts';
import { measureLoopDelay } from './ops/loop-delay.ts';
import { type MetricsSource, NO_METRICS } from './ops/metrics.ts';
import { createOutcomeSeal, type OutcomeSeal } from './ops/outcome-seal.ts';
import { type CounterStore, createRateLimits } from './ops/rate-limit.ts';
import type { SharedMemory } from './ops/redis.ts';
import { createSharedFlight } from './ops/shared-flight.ts';
import { openStorage, type Storage } from './storage/open.ts';
import { createPushes } from './webhooks/pushes.ts';
import { createWeChat, type WeChatApp } from './wechat/client.ts';
import { createDataDecryptor } from './wechat/encrypted-data.ts';
import { type Endpoint, ERRCODES } from './wechat/errcodes.ts';
import { createPushReader } from './wechat/push-messages.ts';

export type App = {
  /** Handles every HTTP request: give it to `listen`, or to a node:http server of your own. */
  handler: RequestListener;
  /** GraphQL without HTTP, for tests. */
  fetch: (...args: Parameters<GraphQLExecutor>) => Promise<Response>;
  health: Health;
  /**
   * Uses the secrets of another configuration from now on: keys of tokens, secrets of session_keys, and AppSecrets of the
   * same mini programs. Nothing else of it is used.
   */
  replaceSecrets(next: Pick<Config, 'auth' | 'sessionKeySecrets' | 'wechat'>): Promise<void>;
  /** The URL of the built-in WeChat sandbox; null if it does not run. */
  sandboxUrl: string | null;
  /** Undefined unless METRICS_PORT is set. */
  metrics: MetricsSource | undefined;
  storage: Storage;
  log: Log;
  close(): Promise<void>;
};

export type AppOptions = { overrides?: Overrides };

/** What tests may replace. */
export type Overrides = { now?: Clock; log?: Log };

/** Milliseconds during which WeChat is asked once about a session_key. */
const SESSION_CHECK_MS = 10_000;
/** Milliseconds during which encrypted data could be sent again: it expires after ten minutes. */
const ENCRYPTED_DATA_MS = 15 * 60_000;

/** Functions that close what was opened, in the order of opening. */
type Closers = (() => Promise<void>)[];

/**
 * Creates the app from its configuration, without listening on a port. On failure it closes what it opened.
 * @throws {StorageError} when the database cannot be used
 */
export async function createApp(config: Config, { overrides = {} }: AppOptions = {}): Promise<App> {
  const closers: Closers = [];
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    return { ...(await compose(config, overrides, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(
  config: Config,
  { now = Date.now, log = createLog(config.log.level) }: Overrides,
  closers: Closers,
): Promise<Omit<App, 'close'>> {
  const prometheus =
    config.metrics &&
    (await import('./ops/prometheus.ts')).createPrometheusMetrics(ERRCODES.map(({ errcode }) => errcode));
  const metrics = prometheus ?? NO_METRICS;
  const storage = await openStorage(config.database, config.sessionKeySecrets, {
    now,
    onStatement: prometheus?.statement,
  });
  closers.push(storage.close);
  const sandbox = config.wechat.sandbox ? await startSandbox(config.wechat.apps) : undefined;
  if (sandbox) closers.push(sandbox.close);
  const memory =
    config.redisUrl === undefined
      ? undefined
      : await (await import('./ops/redis.ts')).connectSharedMemory(config.redisUrl, log);
  if (memory) closers.push(async () => memory.close());
  const store = await openCounterStore(config, memory, log, closers);
  if (config.migrateOnStart) await storage.migrate();
  await storage.check();

  const { users } = storage;
  const { apiUrl, timeoutMs, maxCalls, repeatMs } = config.wechat;
  const [firstApp, ...otherApps] = config.wechat.apps;
  const apps: Services['apps'] = [{ ...firstApp }, ...otherApps.map((app) => ({ ...app }))];
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
  const services: Services = {
    apps,
    wechat,
    decryptor: createDataDecryptor(now),
    repeats: createRepeats(repeatMs, now, memory, () => seal),
    users,
    tokens: { issue: (...args) => auth.tokens.issue(...args) },
    readSession: (authorization) => auth.readSession(authorization),
    limits: createRateLimits(config.rateLimits, { log, store, metrics, now }),
    log,
    metrics,
  };
  const execute = createGraphQL(config.graphql, services);
  const health = createHealth(storage.ping, now);
  const pushes = createPushes({ reader: createPushReader(config.wechat.pushes, now), users, log, now });

  const loopDelay = measureLoopDelay();
  closers.push(async () => loopDelay.close());
  const admission = createAdmission(config.overload, { loopDelay, log, metrics });
  const { trustedProxies, corsOrigins } = config.http;
  const graphiql = config.http.graphiql ? await renderGraphiqlPage() : undefined;
  const routes: Routes = {
    '/graphql': graphqlRoute({ execute, graphiql, trustedProxies, admission, log }),
    '/wechat/push/*': wechatPushRoute(pushes),
    '/health': healthRoute(),
    '/ready': readyRoute(health),
    '/.well-known/jwks.json': jwksRoute(() => auth.jwks),
    ...(graphiql ? { '/': homeRoute(), '/errors': errorTableRoute() } : {}),
    ...(graphiql && sandbox ? { '/sandbox/encrypted': sandboxDataRoute(sandbox.url) } : {}),
  };
  const handler = createRouter({ routes, corsOrigins, health, log });
  const fetch: App['fetch'] = async (...args) => {
    const { body, ...init } = await execute(...args);
    return new Response(body, init);
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

function createRepeats(
  ttlMs: number,
  now: Clock,
  memory: SharedMemory | undefined,
  seal: () => OutcomeSeal,
): Repeats {
  const logins = createSingleFlight<LoginOutcome>({ ttlMs, now });
  return {
    sessions: createSingleFlight({ ttlMs, purgeExpired: true, now }),
    logins:
      memory && ttlMs > 0
        ? createSharedFlight(logins, {
            outcomes: memory.outcomes,
            seal,
            name: 'login',
            ttlMs,
            parse: (json) => loginOutcome.safeParse(json).data,
          })
        : logins,
    phones: createSingleFlight({ ttlMs, purgeExpired: true, now }),
    encryptedPhones: createSingleFlight({ ttlMs: ENCRYPTED_DATA_MS, purgeExpired: true, now }),
    sessionChecks: createSingleFlight({ ttlMs: SESSION_CHECK_MS, now }),
  };
}

function logOutage(log: Log, endpoint: Endpoint, failing: boolean): void {
  if (failing) log.error({ wechat: { endpoint } }, 'WeChat circuit open: failing fast');
  else log.info({ wechat: { endpoint } }, 'WeChat circuit closed: WeChat responds again');
}

/** Never loaded in production. */
async function startSandbox(apps: Config['wechat']['apps']) {
  return (await import('./sandbox/index.ts')).createSandbox({ apps });
}

/** Where replicas share counters; undefined if each counts in memory. */
async function openCounterStore(
  { database, rateLimitStore }: Config,
  memory: SharedMemory | undefined,
  log: Log,
  closers: Closers,
): Promise<CounterStore | undefined> {
  if (memory) return { kind: 'redis', client: memory.counters };
  if (rateLimitStore === 'memory' || database.dialect !== 'mysql') return undefined;
  const { createCounterPool } = await import('./storage/counters.ts');
  const pool = createCounterPool(database, (err) =>
    log.warn({ err }, 'the shared rate-limit counters failed: this process counts in memory'),
  );
  closers.push(pool.close);
  return { kind: 'mysql', pool, database: database.database };
}
