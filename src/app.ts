import { createKeyring, type Keyring } from './auth/keys.ts';
import { createTokens } from './auth/tokens.ts';
import { createRepeats } from './common/single-flight.ts';
import type { Config } from './config/config.ts';
import { createGraphQL, type GraphQLFetch } from './graphql/yoga.ts';
import { createLog, type Log } from './ops/log.ts';
import { type CounterStore, createRateLimits } from './ops/rate-limit.ts';
import { openStorage, type Storage } from './storage/open.ts';
import { createPushes, type Pushes } from './webhooks/pushes.ts';
import { createWeChat } from './wechat/client.ts';
import { createSealOpener } from './wechat/encrypted-data.ts';
import { createPushReader } from './wechat/push-messages.ts';

export type App = {
  fetch: GraphQLFetch;
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
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
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
}

/** @param opened gets what ends each thing, as soon as it is there */
async function compose(
  config: Config,
  overrides: Overrides,
  opened: (() => Promise<void>)[],
): Promise<Omit<App, 'close'>> {
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
  const fetch = await createGraphQL(config, {
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
    fetch,
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
}

/** Never loaded in production. */
async function startSandbox(apps: Config['wechat']['apps']) {
  return (await import('./sandbox/index.ts')).createSandbox({ apps });
}

/** Where replicas count together, if they do. */
async function openCounters({ database, rateLimitStore }: Config, log: Log) {
  if (rateLimitStore === 'memory' || database.dialect !== 'mysql') return undefined;
  const { createCounterPool } = await import('./storage/counters.ts');
  const pool = createCounterPool(database, (err) =>
    log.warn({ err }, 'rate limits are counted by this process alone'),
  );
  return { pool, database: database.database } satisfies CounterStore;
}
