import cluster from 'node:cluster';
import { createApp } from '../app.ts';
import { GRAPHIQL_PACKAGE, INSTALL_GRAPHIQL, isInstalled } from '../common/installed.ts';
import { type Config, readConfig } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { withDevelopmentSecrets } from '../config/development-secrets.ts';
import type { Env } from '../config/env.ts';
import { serveMetrics } from '../http/metrics-server.ts';
import { listen } from '../http/server.ts';
import type { DefinedModule } from '../modules/module.ts';
import { catchReloadSignal, closeOnSignal, followSupervisor, logLifecycle } from '../ops/lifecycle.ts';
import { createLog, type Log } from '../ops/log.ts';
import { flushStandardOutput } from '../ops/log-output.ts';
import type { MetricsSource } from '../ops/metrics.ts';
import { createWorkerMetrics } from '../ops/worker-metrics.ts';
import { createWorkers, WorkerFailure } from '../ops/workers.ts';
import { type EnvironmentSource, openEnvironment } from './environment-source.ts';
import { explainFailure } from './explain.ts';

/** Beside the delay: longer than the server takes to drain. */
const SHUTDOWN_TIMEOUT_MS = 15_000;
/** How much longer its workers are waited for. */
const WORKERS_TIMEOUT_MS = 2000;

/** Starts the server, or its workers. */
export async function serveProcess(
  _args: readonly string[],
  modules: readonly DefinedModule[],
): Promise<void> {
  const source = openEnvironment();
  const env = withDevelopmentSecrets(source.env);
  const config = readConfig(env);
  const log = await openLog(config);
  const onReload = catchReloadSignal(config.mode === 'production');
  const start = { env, config, modules, log, readSecrets: source.readSecrets, onReload };
  await (config.workers > 1 && cluster.isPrimary ? supervise(start) : serve(start));
}

/** For people in a terminal, JSON Lines otherwise. */
async function openLog({ mode, log: { level } }: Config): Promise<Log> {
  if (mode !== 'development' || !process.stdout.isTTY) return createLog(level);
  try {
    const { default: pretty } = await import('pino-pretty');
    return createLog(level, pretty({ sync: true }));
  } catch {
    // It is a development dependency.
    return createLog(level);
  }
}

/** What a process begins with. */
type Start = Pick<EnvironmentSource, 'env' | 'readSecrets'> & {
  config: Config;
  modules: readonly DefinedModule[];
  log: Log;
  /** Sets what SIGHUP does. */
  onReload(reload: () => unknown): void;
};

async function serve({ env, config, modules, log, readSecrets, onReload }: Start): Promise<void> {
  const app = await createApp(config, { modules, overrides: { log } });
  const closers = [app.close];
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) await closeOne();
  };
  try {
    // The supervisor serves those of its workers.
    const metrics = cluster.isWorker ? undefined : await startMetrics(config, app.metrics);
    if (metrics) closers.push(metrics.close);
    const server = await listen(app, config.http);
    closers.push(server.close);
    const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS;
    const grace = closeOnSignal(log, { isProduction: config.mode === 'production', delay }, close);
    const replaceSecrets = (secrets: Env) => app.replaceSecrets(readConfig({ ...env, ...secrets }));
    if (cluster.isWorker)
      followSupervisor({
        close: grace.close,
        setVariables: (variables) => reload(log, () => variables, replaceSecrets),
        metrics: app.metrics,
      });
    else {
      onReload(() => reload(log, readSecrets, replaceSecrets));
      // Last: a signal may follow as soon as this line is read.
      await announce(config, log, { port: server.port, metrics, sandboxUrl: app.sandboxUrl });
    }
  } catch (error) {
    await close();
    throw error;
  }
}

/** With faults, the server keeps the secrets that it has. */
async function reload(
  log: Log,
  readSecrets: () => Env,
  replaceSecrets: (secrets: Env) => unknown,
): Promise<void> {
  try {
    await replaceSecrets(readSecrets());
    log.info('the secrets were read again');
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [];
    log.error({ err: error, faults }, 'the secrets are unchanged: the configuration has errors');
  }
}

async function supervise({ env, config, log, readSecrets, onReload }: Start): Promise<void> {
  const workers = createWorkers(config.workers, env, log);
  const closers = [workers.stop];
  const delay = config.http.shutdownDelayMs + SHUTDOWN_TIMEOUT_MS + WORKERS_TIMEOUT_MS;
  const grace = closeOnSignal(log, { isProduction: config.mode === 'production', delay }, async () => {
    for (const close of closers) await close();
  });
  try {
    const port = await workers.start();
    const source = config.metrics && createWorkerMetrics(workers);
    const metrics = await startMetrics(config, source);
    if (metrics) closers.push(metrics.close);
    onReload(() =>
      reload(log, readSecrets, (secrets) => {
        readConfig({ ...env, ...secrets });
        workers.setVariables(secrets);
      }),
    );
    await announce(config, log, { port, metrics, sandboxUrl: null });
  } catch (error) {
    // Otherwise it would end the process with code 0.
    grace.uninstall();
    await workers.stop();
    if (!(error instanceof WorkerFailure)) throw error;
    if (error.signal) process.stderr.write(`The first worker was ended by ${error.signal}.\n`);
    process.exitCode = 1;
  }
}

async function startMetrics({ metrics }: Config, source: MetricsSource | undefined) {
  try {
    return metrics && source && (await serveMetrics(source, metrics));
  } catch (error) {
    throw new ConfigError([explainFailure(error, 'METRICS')]);
  }
}

type Listening = { port: number; metrics: { port: number } | undefined; sandboxUrl: string | null };

/** In development the links to open; in production a line of the log. */
async function announce({ mode, http }: Config, log: Log, { port, metrics, sandboxUrl }: Listening) {
  const { host } = http;
  if (mode === 'production') {
    logLifecycle(log, { host, port, ...(metrics ? { metricsPort: metrics.port } : {}) }, 'listening');
    return flushStandardOutput();
  }
  const name = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host) ? 'localhost' : host;
  const url = `http://${name}:${port}/graphql`;
  const hasGraphiql = http.graphiql && isInstalled(GRAPHIQL_PACKAGE);
  const lines = [
    `weapp-login is ready. ${hasGraphiql ? 'Open GraphiQL: ' : ''}${url}`,
    ...(sandboxUrl ? [`WeChat sandbox: ${sandboxUrl}`] : []),
    ...(http.graphiql && !hasGraphiql ? [`GraphiQL is not installed: ${INSTALL_GRAPHIQL}`] : []),
  ];
  process.stdout.write(`\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
}
