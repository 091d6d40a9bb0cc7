import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePort } from './mariadb.ts';

/** A Prometheus of our own that reads metrics twice a second, and evaluates the alerts of deploy/prometheus. */
export type Prometheus = {
  /** The names of the alerts that fire. */
  alerts(): Promise<string[]>;
  /** The values of a query, by their labels as JSON. */
  query(expression: string): Promise<Map<string, number>>;
  stop(): Promise<void>;
};

const PROMETHEUS = '/usr/bin/prometheus';
export const ALERTS = 'deploy/prometheus/alerts.yaml';

export function hasPrometheus(): boolean {
  return existsSync(PROMETHEUS);
}

export function promtool(...args: string[]): string {
  return execFileSync('/usr/bin/promtool', args, { encoding: 'utf8' });
}

/** @param ports of the metrics that it reads */
export async function startPrometheus(ports: readonly number[]): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-prometheus-'));
  const port = await freePort();
  // Without the waits of minutes, which promtool tests.
  const rules = readFileSync(ALERTS, 'utf8')
    .replaceAll(/^ +for: .+\n/gm, '')
    .replaceAll(/\[[15]m\]/g, '[5s]')
    .replaceAll('offset 5m', 'offset 5s');
  writeFileSync(join(folder, 'alerts.yaml'), rules);
  writeFileSync(
    join(folder, 'prometheus.yaml'),
    `global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms }
rule_files: [alerts.yaml]
scrape_configs:
  - job_name: weapp-login
    static_configs: [{ targets: [${ports.map((target) => `'127.0.0.1:${target}'`).join(', ')}] }]
`,
  );
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string) => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const answer = await response.json();
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  };
  await vi.waitFor(async () => expect((await fetch(`${url}/-/ready`)).ok).toBe(true), { timeout: 20_000 });
  return {
    async alerts() {
      const { alerts } = await get('alerts');
      const firing: { labels: { alertname: string }; state: string }[] = alerts;
      return firing.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
    },
    async query(expression) {
      const { result } = await get(`query?query=${encodeURIComponent(expression)}`);
      const samples: { metric: object; value: [number, string] }[] = result;
      return new Map(samples.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]));
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
