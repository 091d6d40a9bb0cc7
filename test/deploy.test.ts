import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../src/config/config.ts';
import { ConfigError } from '../src/config/config-error.ts';
import { environmentSchema } from '../src/config/environment.ts';
import { JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { MYSQL } from './support/databases.ts';
import { startProduct } from './support/product.ts';
import { snippetsOf } from './support/snippets.ts';

const VARIABLES = Object.keys(environmentSchema(true).shape);
const DRAIN_SECONDS = 10;

const labels = z.record(z.string(), z.string());
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string(), port: z.string() }),
  periodSeconds: z.number(),
  timeoutSeconds: z.number().optional(),
  failureThreshold: z.number(),
});
const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.number() })).optional(),
  envFrom: z.array(z.strictObject({ secretRef: z.strictObject({ name: z.string() }) })),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.strictObject({ requests: labels, limits: labels }).optional(),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
});
const pod = z.strictObject({
  terminationGracePeriodSeconds: z.number().optional(),
  restartPolicy: z.literal('Never').optional(),
  automountServiceAccountToken: z.literal(false),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.number().positive(),
    runAsGroup: z.number().positive(),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  topologySpreadConstraints: z.array(z.unknown()).optional(),
  containers: z.tuple([container]),
});
const metadata = z.strictObject({ name: z.string(), labels: labels.optional() });
const selector = z.strictObject({ matchLabels: labels });

/** The kinds that we use, with the members that the API of Kubernetes has. */
const MANIFEST = z.discriminatedUnion('kind', [
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata,
    spec: z.strictObject({
      selector,
      strategy: z.strictObject({ rollingUpdate: z.record(z.string(), z.number()) }),
      template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata,
    spec: z.strictObject({
      selector: labels,
      ports: z.tuple([z.strictObject({ name: z.string(), port: z.number(), targetPort: z.string() })]),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy/v1'),
    kind: z.literal('PodDisruptionBudget'),
    metadata,
    spec: z.strictObject({ maxUnavailable: z.number(), selector }),
  }),
  z.strictObject({
    apiVersion: z.literal('autoscaling/v2'),
    kind: z.literal('HorizontalPodAutoscaler'),
    metadata,
    spec: z.strictObject({
      scaleTargetRef: z.strictObject({
        apiVersion: z.literal('apps/v1'),
        kind: z.literal('Deployment'),
        name: z.string(),
      }),
      minReplicas: z.number(),
      maxReplicas: z.number(),
      metrics: z.array(z.unknown()),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('batch/v1'),
    kind: z.literal('Job'),
    metadata,
    spec: z.strictObject({
      backoffLimit: z.number(),
      activeDeadlineSeconds: z.number(),
      template: z.strictObject({ spec: pod }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Secret'),
    metadata,
    type: z.literal('Opaque'),
    stringData: labels,
  }),
]);
type Kind = z.infer<typeof MANIFEST>['kind'];

const FOLDER = 'deploy/kubernetes';
const manifests = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) => parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')))
  .map((document) => {
    expect(document.errors).toEqual([]);
    return MANIFEST.parse(document.toJS());
  });

function manifestOf<K extends Kind>(kind: K) {
  const found = manifests.find(
    (manifest): manifest is Extract<typeof manifest, { kind: K }> => manifest.kind === kind,
  );
  if (!found) throw new Error(`no ${kind}`);
  return found;
}

describe('the manifests for Kubernetes', () => {
  const deployment = manifestOf('Deployment');
  const job = manifestOf('Job');
  const secret = manifestOf('Secret');
  const { spec } = deployment.spec.template;
  const [server] = spec.containers;
  const [migration] = job.spec.template.spec.containers;

  test('name one app, one secret and one image', () => {
    const { labels } = deployment.spec.template.metadata;
    expect(deployment.spec.selector.matchLabels).toEqual(labels);
    expect(manifestOf('Service').spec.selector).toEqual(labels);
    expect(manifestOf('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
    expect(manifestOf('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(deployment.metadata.name);
    for (const { envFrom, image } of [server, migration]) {
      expect(envFrom).toEqual([{ secretRef: { name: secret.metadata.name } }]);
      expect(image).toBe(server.image);
    }
  });

  test('set only variables that the server has, and each at one place', () => {
    const names = [...Object.keys(secret.stringData), ...server.env.map(({ name }) => name)];
    expect(names.filter((name) => !VARIABLES.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('with real secrets the configuration is valid; with the example the server rejects each of them', () => {
    const env = Object.fromEntries(server.env.map(({ name, value }) => [name, value]));
    const production = { NODE_ENV: 'production', ...env };
    const real = {
      DATABASE_URL: 'mysql://weapp@mysql:3306/weapp_login',
      DATABASE_PASSWORD: 'p',
      JWT_SECRET,
      SESSION_KEY_SECRET,
      WECHAT_APP_ID: 'wx0123456789abcdef',
      WECHAT_APP_SECRET: '0123456789abcdef0123456789abcdef',
    };
    expect(Object.keys(secret.stringData)).toEqual(Object.keys(real));
    expect(readConfig({ ...production, ...real })).toMatchObject({ http: { port: 4000, trustedProxies: 1 } });
    for (const name of Object.keys(real).filter((each) => each !== 'DATABASE_PASSWORD')) {
      const rejected = () => readConfig({ ...production, ...real, [name]: secret.stringData[name] });
      expect(rejected, name).toThrow(ConfigError);
    }
  });

  test('probe paths of the server, on its port', () => {
    const ports = server.ports ?? [];
    expect(ports.map(({ containerPort }) => String(containerPort))).toEqual(
      server.env.filter(({ name }) => name === 'PORT').map(({ value }) => value),
    );
    const probes = [server.startupProbe, server.livenessProbe, server.readinessProbe];
    expect(probes.map((each) => each?.httpGet)).toEqual(
      ['/health', '/health', '/ready'].map((path) => ({ path, port: ports[0]?.name })),
    );
    expect(manifestOf('Service').spec.ports[0].targetPort).toBe(ports[0]?.name);
  });

  test('leave time: to notice that a pod is not ready, and to complete its requests', () => {
    const delay = Number(server.env.find(({ name }) => name === 'SHUTDOWN_DELAY_MS')?.value) / 1000;
    const { periodSeconds = 0, failureThreshold = 0, timeoutSeconds = 0 } = server.readinessProbe ?? {};
    expect(delay).toBeGreaterThan(periodSeconds * failureThreshold + timeoutSeconds);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(delay + DRAIN_SECONDS);
  });

  test('keep a replica: at least two, of which one at a time is evicted', () => {
    const { minReplicas, maxReplicas } = manifestOf('HorizontalPodAutoscaler').spec;
    expect(minReplicas).toBeGreaterThan(manifestOf('PodDisruptionBudget').spec.maxUnavailable);
    expect(maxReplicas).toBeGreaterThan(minReplicas);
    expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
  });

  test('migrate with a file that the build makes', () => {
    const [program, file = ''] = migration.command ?? [];
    expect(program).toBe('node');
    expect(existsSync(file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')), file).toBe(true);
  });
});

describe('the systemd unit', () => {
  const UNIT = 'deploy/systemd/weapp-login.service';
  const unit = readFileSync(UNIT, 'utf8');

  test('starts what the build makes, and waits longer than a shutdown takes', () => {
    expect(unit).toContain('\nExecStart=/usr/bin/node dist/main.js\n');
    const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1]);
    // SHUTDOWN_DELAY_MS of production.
    expect(seconds).toBeGreaterThan(5 + DRAIN_SECONDS);
    const names = [...unit.matchAll(/^Environment=(\w+)=/gm)].map(([, name]) => name);
    expect(names.filter((name) => !VARIABLES.includes(name ?? ''))).toEqual([]);
  });

  test.skipIf(!existsSync('/usr/bin/systemd-analyze'))('is valid, and exposes little', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'weapp-login-systemd-')), 'weapp-login.service');
    // The program must exist.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
    expect(execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8', stdio: 'pipe' })).toBe('');
    // Fails above 2.0 of 10.
    execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', file], {
      stdio: 'pipe',
    });
  });
});

/** The command of a page with this part. */
function commandIn(page: string, part: string): string {
  const command = snippetsOf(page).find(({ language, text }) => language === 'sh' && text.includes(part));
  if (!command) throw new Error(`${page} has no command with ${part}`);
  return command.text;
}

test('migrations only add, so that the previous version runs on the new tables', () => {
  const statements = readdirSync('drizzle/mysql')
    .filter((file) => file.endsWith('.sql'))
    .flatMap((file) => readFileSync(`drizzle/mysql/${file}`, 'utf8').split('--> statement-breakpoint'));
  const adding = /^\s*(CREATE TABLE|CREATE INDEX|ALTER TABLE `\w+` ADD (?!PRIMARY KEY|CONSTRAINT))/;
  expect(statements.filter((statement) => !adding.test(statement))).toEqual([]);
});

describe.skipIf(!MYSQL || !existsSync('/usr/bin/mariadb-dump'))('the backup of docs/deployment.md', () => {
  test('is complete: a user of the restored database is no new user, and revoked tokens are valid again', async () => {
    const [url, restoredUrl] = [await MYSQL?.create(), await MYSQL?.create()].map(
      (each) => new URL(each ?? ''),
    );
    if (!url || !restoredUrl) throw new Error('no databases');
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-backup-'));
    const { hostname, port, username, password } = url;
    writeFileSync(
      join(folder, '.my.cnf'),
      `[client]\nhost=${hostname}\nport=${port}\nuser=${username}\npassword=${password}\n`,
      { mode: 0o600 },
    );
    const runCommand = (part: string, database: URL) =>
      execFileSync(
        'bash',
        [
          '-ec',
          commandIn('docs/deployment.md', part).replace(
            /weapp_login (?=[<>])/,
            `${database.pathname.slice(1)} `,
          ),
        ],
        {
          cwd: folder,
          env: { PATH: process.env.PATH, HOME: folder },
        },
      );

    const product = await startProduct(url.href);
    const { data } = await product.login('dev:saved', { userInfo: { nickName: '🐳小明' } });
    runCommand('mariadb-dump', url);
    await product.query('mutation { logout { user { id } } }', { token: data?.login.token });
    await product.close();

    runCommand('mariadb --default', restoredUrl);
    const restored = await startProduct(restoredUrl.href);
    const me = await restored.query<{ me: { nickName: string } }>('{ me { nickName } }', {
      token: data?.login.token,
    });
    expect(me.data?.me.nickName).toBe('🐳小明');
    expect((await restored.login('dev:saved')).data?.login.isNewUser).toBe(false);
    await restored.close();
  });
});
