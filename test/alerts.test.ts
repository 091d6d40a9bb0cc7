import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { serveMetrics } from '../src/http/metrics-server.ts';
import { runAnySql, runSql } from './support/databases.ts';
import { hasMariaDb, type MariaDb, startMariaDb } from './support/mariadb.ts';
import { samplesOf } from './support/metrics.ts';
import { ALERTS, hasPrometheus, type Prometheus, promtool, startPrometheus } from './support/prometheus.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis.ts';
import { type Server, startServer } from './support/server.ts';

const RULES = readFileSync(ALERTS, 'utf8');
const NAMES = [...RULES.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name);
const DASHBOARD: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(
  readFileSync('deploy/grafana/dashboard.json', 'utf8'),
);
const QUERIES = DASHBOARD.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }): [string, string] => [title, expr.replaceAll('$__rate_interval', '10s')]),
);
/** What promtool tests over recorded series: they need minutes, or more of the machine than a test should take. */
const RECORDED = ['WeappLoginLoginsFail', 'WeappLoginRestarts', 'WeappLoginOpenFiles'];
const WAIT = { timeout: 25_000, interval: 250 };

/** The names of metrics in a query of Prometheus. */
function metricsIn(expression: string): string[] {
  return expression.match(/\b(weapp_login|nodejs|process)_\w+/g) ?? [];
}

async function startWithMetrics(url: string, more: Record<string, string> = {}) {
  const server = await startServer(url, { METRICS_PORT: '0', ...more });
  const source = server.product.app.metrics;
  if (!source) throw new Error('there are no metrics');
  return { server, metrics: await serveMetrics(source, { host: '127.0.0.1', port: 0 }) };
}

describe.skipIf(!(hasPrometheus() && hasMariaDb() && hasRedis()) && !process.env.CI)(
  'Prometheus',
  { timeout: 60_000 },
  () => {
    let prometheus: Prometheus;
    let database: MariaDb;
    let main: Awaited<ReturnType<typeof startWithMetrics>>;
    let mysql: Awaited<ReturnType<typeof startWithMetrics>>;
    let ending: Awaited<ReturnType<typeof startWithMetrics>>;
    let busy: Awaited<ReturnType<typeof startWithMetrics>>;
    let redis: RedisServer;
    let url: string;

    beforeAll(async () => {
      database = await startMariaDb();
      await runSql(database.url, 'CREATE DATABASE alerts');
      url = `${database.url}/alerts`;
      main = await startWithMetrics('file::memory:', {
        MAX_REQUESTS_IN_FLIGHT: '2',
        RATE_LIMIT_LOGINS_PER_APP: '5',
        WECHAT_TIMEOUT_MS: '3000',
      });
      mysql = await startWithMetrics(`${url}?poolSize=2`, { DATABASE_TIMEOUT_MS: '1500' });
      redis = await startRedis();
      ending = await startWithMetrics('file::memory:', {
        WECHAT_TIMEOUT_MS: '1500',
        REDIS_URL: redis.url,
      });
      busy = await startWithMetrics('file::memory:', {
        MAX_REQUESTS_IN_FLIGHT: '1',
        WECHAT_TIMEOUT_MS: '900',
      });
      prometheus = await startPrometheus([main, mysql, ending, busy].map(({ metrics }) => metrics.port));
      await vi.waitFor(async () => expect((await prometheus.query('up == 1')).size).toBe(4), WAIT);
    });
    afterAll(async () => {
      await prometheus.stop();
      for (const { server, metrics } of [main, mysql, busy]) {
        await metrics.close();
        await server.close();
      }
      await ending.server.close();
      await database.stop();
    });

    /** Lets something happen again and again until the alert fires. */
    async function expectAlert(name: string, happen: () => Promise<unknown>): Promise<void> {
      expect(NAMES).toContain(name);
      const fires = async () => {
        await happen();
        return prometheus.alerts();
      };
      await expect.poll(fires, WAIT).toContain(name);
    }
    const logIn = ({ server }: { server: Server }, code: string) => server.product.login(code);
    const logInOverHttp = ({ server }: { server: Server }, code: string) =>
      server.post('mutation ($code: String!) { login(code: $code) { token } }', { variables: { code } });

    test('no alert fires while all is well', async () => {
      const { token } = await main.server.logIn('well');
      for (let i = 0; i < 5; i++) {
        await main.server.post('{ me { id } }', { token });
        await logIn(mysql, 'dev:well');
        await sleep(500);
      }
      expect(await prometheus.alerts()).toEqual([]);
    });

    test('the queries of the dashboard find what it shows', async () => {
      for (const [title, query] of QUERIES) {
        const result = await prometheus.query(query);
        // Nothing has been rejected yet.
        if (!/shed|rate_limited|token_refusals/.test(query)) expect(result.size, title).toBeGreaterThan(0);
      }
    });

    test.each([
      ['WeappLoginWeChatMisconfigured', 'fault:40125'],
      ['WeappLoginWeChatQuota', 'fault:45009'],
      ['WeappLoginWeChatDown', 'fault:http-500'],
    ])('%s fires while WeChat responds as to %s', async (name, code) => {
      await expectAlert(name, () => Promise.all(Array.from({ length: 4 }, () => logIn(mysql, code))));
    });

    test('WeappLoginWeChatDown ends when WeChat responds again', async () => {
      const recover = async () => {
        await logIn(mysql, 'dev:recovered');
        return prometheus.alerts();
      };
      await expect.poll(recover, WAIT).not.toContain('WeappLoginWeChatDown');
    });

    test('WeappLoginAppLimited fires while a mini program is over its limit', async () => {
      await expectAlert('WeappLoginAppLimited', () => logIn(main, 'dev:often'));
    });

    test('WeappLoginWeChatSlow fires while calls take more than a second', async () => {
      await expectAlert('WeappLoginWeChatSlow', () =>
        Promise.all(Array.from({ length: 3 }, () => logIn(ending, 'fault:stall'))),
      );
    });

    test('WeappLoginOverloaded fires while requests are rejected', async () => {
      await expectAlert('WeappLoginOverloaded', () =>
        Promise.all(Array.from({ length: 3 }, () => logInOverHttp(busy, 'fault:stall'))),
      );
    });

    test('WeappLoginEventLoopLate fires while the event loop is blocked', async () => {
      await expectAlert('WeappLoginEventLoopLate', async () => {
        const end = performance.now() + 300;
        while (performance.now() < end);
      });
    });

    test('WeappLoginDatabaseQueue fires while statements wait for a connection', async () => {
      const { id, token } = await mysql.server.logIn('locked');
      expect(id).toBeTypeOf('string');
      await runSql(url, 'SET GLOBAL innodb_lock_wait_timeout = 50');
      const blocker = await createConnection({ uri: url });
      await blocker.query('LOCK TABLES user WRITE');
      await expectAlert('WeappLoginDatabaseQueue', async () => {
        for (let i = 0; i < 4; i++) void mysql.server.post('{ me { id } }', { token });
        await sleep(300);
      });
      await blocker.query('UNLOCK TABLES');
      await blocker.end();
    });

    test('WeappLoginDatabaseFault and WeappLoginInternalErrors fire while a table is missing', async () => {
      await runAnySql(url, 'ALTER TABLE user RENAME TO elsewhere');
      await expectAlert('WeappLoginDatabaseFault', () => logIn(mysql, 'dev:lost'));
      await expectAlert('WeappLoginInternalErrors', () => logIn(mysql, 'dev:lost'));
      await runAnySql(url, 'ALTER TABLE elsewhere RENAME TO user');
    });

    test('WeappLoginDatabaseUnavailable fires while the database is down', async () => {
      await database.stop();
      await expectAlert('WeappLoginDatabaseUnavailable', () => logIn(mysql, 'dev:nowhere'));
    });

    test('WeappLoginRedisDown fires while Redis is away', async () => {
      await redis.stop();
      await expectAlert('WeappLoginRedisDown', async () => undefined);
    });

    test('WeappLoginDown fires when a server has ended', async () => {
      await ending.metrics.close();
      await expectAlert('WeappLoginDown', async () => undefined);
    });

    test('every alert was seen to fire, here or over recorded series', () => {
      const source = readFileSync('test/alerts.test.ts', 'utf8');
      const recorded = readFileSync('deploy/prometheus/alerts.test.yaml', 'utf8');
      for (const name of NAMES)
        expect((RECORDED.includes(name) ? recorded : source).includes(name), name).toBe(true);
      expect(promtool('test', 'rules', `${dirname(ALERTS)}/alerts.test.yaml`)).toContain('SUCCESS');
    });
  },
);

test('alerts and dashboard name metrics that exist, and docs/metrics.md lists all of ours', async () => {
  const { server, metrics } = await startWithMetrics('file::memory:');
  await server.logIn('exists');
  const page = (await server.product.app.metrics?.text()) ?? '';
  const existing = new Set([...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name = '']) => name));
  // Those of a supervisor: test/metrics.test.ts.
  for (const name of ['weapp_login_workers', 'weapp_login_workers_replaced_total']) existing.add(name);
  const named = new Set([RULES, ...QUERIES.map(([, query]) => query)].flatMap(metricsIn));
  const known = (name: string) =>
    existing.has(name) || existing.has(name.replace(/_(bucket|count|sum)$/, ''));
  expect(named.size).toBeGreaterThan(15);
  expect([...named].filter((name) => !known(name))).toEqual([]);
  for (const file of ['docs/metrics.md', 'docs/metrics.zh-CN.md']) {
    const listed = [...readFileSync(file, 'utf8').matchAll(/^\| `(weapp_login_\w+)`/gm)].map(
      ([, name]) => name,
    );
    expect(listed.sort()).toEqual([...existing].filter((name) => name.startsWith('weapp_login_')).sort());
  }
  expect(samplesOf(page).size).toBeGreaterThan(20);
  await metrics.close();
  await server.close();
});
