import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { packageVersion } from '../common/package-file.ts';
import type { Gauge as GaugeSource } from './gauges.ts';
import type { Metrics, MetricsSource } from './metrics.ts';

/** The metrics of this process, for Prometheus. docs/metrics.md lists them. */
export type PrometheusMetrics = Metrics &
  MetricsSource & {
    addGauges(gauges: readonly GaugeSource[]): void;
  };

/** Seconds. */
const OPERATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATEMENT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const WECHAT_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 2.5, 5];

/** Names of operations at most; others are counted as `other`. */
const MAX_NAMES = 50;

/** @param errcodes of WeChat that are counted by themselves; others are `other` */
export function createPrometheusMetrics(errcodes: readonly number[]): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'weapp_login_build_info',
    help: 'Always 1; the labels are the versions of the server and of Node.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: packageVersion(), node: process.version }, 1);

  const operations = new Counter({
    name: 'weapp_login_operations_total',
    help: 'Operations, by OK or the code of the first error. Only names that signed-in users sent are named.',
    labelNames: ['lane', 'type', 'name', 'outcome'],
    registers,
  });
  const operationSeconds = new Histogram({
    name: 'weapp_login_operation_duration_seconds',
    help: 'How long operations took, from the parsed request to the result.',
    labelNames: ['lane', 'type'],
    buckets: OPERATION_BUCKETS,
    registers,
  });
  const logins = new Counter({
    name: 'weapp_login_logins_total',
    help: 'Logins whose arguments were valid, by OK or error code, and errcode of WeChat.',
    labelNames: ['app_id', 'outcome', 'errcode'],
    registers,
  });
  const wechatSeconds = new Histogram({
    name: 'weapp_login_wechat_call_duration_seconds',
    help: 'How long calls to WeChat took, with the time in the queue.',
    labelNames: ['endpoint', 'outcome'],
    buckets: WECHAT_BUCKETS,
    registers,
  });
  const wechatErrors = new Counter({
    name: 'weapp_login_wechat_errors_total',
    help: 'Responses of WeChat with an errcode.',
    labelNames: ['endpoint', 'errcode'],
    registers,
  });
  const statementSeconds = new Histogram({
    name: 'weapp_login_statement_duration_seconds',
    help: 'How long database statements took, with the time in the queue of the pool.',
    labelNames: ['kind', 'outcome'],
    buckets: STATEMENT_BUCKETS,
    registers,
  });
  const tokenRefusals = new Counter({
    name: 'weapp_login_token_refusals_total',
    help: 'Requests that need a user and have none, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const rateLimited = new Counter({
    name: 'weapp_login_rate_limited_total',
    help: 'Requests over a rate limit, by its variable.',
    labelNames: ['variable'],
    registers,
  });

  const shed = new Counter({
    name: 'weapp_login_requests_shed_total',
    help: 'Requests that were rejected because the process is overloaded, by kind.',
    labelNames: ['kind'],
    registers,
  });

  const nameOf = createKnownValues(MAX_NAMES);
  const knownErrcodes = new Set(errcodes);
  const errcodeOf = (errcode: number) => (knownErrcodes.has(errcode) ? String(errcode) : 'other');

  return {
    operation({ lane, type, name, codes, durationMs, isIdentified }) {
      const outcome = codes[0] ?? 'OK';
      const isTrusted = isIdentified && outcome === 'OK';
      const labels = { lane, type: type ?? 'unknown', name: nameOf(name ?? '', isTrusted), outcome };
      operations.inc(labels, 1);
      operationSeconds.observe({ lane, type: labels.type }, durationMs / 1000);
    },
    login(appId, outcome, errcode) {
      logins.inc({ app_id: appId, outcome, errcode: errcode === undefined ? '' : errcodeOf(errcode) }, 1);
    },
    wechatCall({ endpoint, outcome, errcode, durationMs }) {
      wechatSeconds.observe({ endpoint, outcome }, durationMs / 1000);
      if (errcode !== undefined) wechatErrors.inc({ endpoint, errcode: errcodeOf(errcode) }, 1);
    },
    statement: (kind, outcome, durationMs) => statementSeconds.observe({ kind, outcome }, durationMs / 1000),
    tokenRefused: (reason) => tokenRefusals.inc({ reason }, 1),
    rateLimited: (variable) => rateLimited.inc({ variable }, 1),
    shed: (kind) => shed.inc({ kind }, 1),
    addGauges(gauges) {
      for (const { name, help, read } of gauges)
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read());
          },
        });
    },
    text(worker) {
      if (worker !== undefined) registry.setDefaultLabels({ worker: String(worker) });
      return registry.metrics();
    },
  };
}

/** Returns a value if it is empty or known, and otherwise `other`. A trusted value becomes known, up to a maximum. */
function createKnownValues(max: number): (value: string, isTrusted: boolean) => string {
  const known = new Set(['']);
  return (value, isTrusted) => {
    if (known.has(value)) return value;
    if (!isTrusted || known.size > max) return 'other';
    known.add(value);
    return value;
  };
}
