import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, canaryBytes } from './support/canaries.ts';
import { MYSQL } from './support/databases.ts';
import { freePort } from './support/mariadb.ts';
import { type Running, run } from './support/process.ts';
import { APP_ID, environment, SECOND_APP_ID } from './support/product.ts';
import {
  type Certificate,
  createCertificate,
  HOST_NAME,
  missingForProxies,
  type ReverseProxy,
  startHaproxy,
  startNginx,
} from './support/reverse-proxies.ts';

const missing = missingForProxies();
if (missing.length > 0 && process.env.CI)
  throw new Error(`missing: ${missing.join(', ')}. Run: npm run test:install`);

const CLIENTS = 6;
/** nginx does not try a replica that failed for so long. */
const FAIL_TIMEOUT_MS = 5000;
/** How long WeChat takes, so that requests are in flight when a replica is killed. */
const WECHAT_MS = 40;

type Reply = {
  status: number;
  body: { data?: Record<string, unknown>; errors?: { extensions: { code: string } }[] };
};

describe.skipIf(!MYSQL || missing.length > 0)(
  'two replicas behind nginx and HAProxy',
  { timeout: 60_000 },
  () => {
    /** In the order of starting. */
    const closers: (() => Promise<unknown>)[] = [];
    let wechat: WeChat;
    let certificate: Certificate;
    let ports: [number, number];
    let replicas: [Running, Running];
    let proxies: Record<'nginx' | 'HAProxy', ReverseProxy>;
    let env: Record<string, string>;
    beforeAll(async () => {
      const apps = [APP_ID, SECOND_APP_ID].map((appId) => ({ appId, secret: APP_SECRET }));
      const sandbox = await createSandbox({ apps, random: canaryBytes });
      wechat = await startWeChat(sandbox.url);
      closers.push(sandbox.close, wechat.close);
      env = environment({
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        LOG_LEVEL: 'info',
        MIGRATE_ON_START: '1',
        DATABASE_URL: (await MYSQL?.create()) ?? '',
        WECHAT_API_URL: wechat.url,
        TRUST_PROXY: '1',
        SHUTDOWN_DELAY_MS: '5000',
        RATE_LIMIT_FAILURES_PER_ADDRESS: '3',
      });
      ports = [await freePort(), await freePort()];
      replicas = [await start(0), await start(1)];
      certificate = createCertificate();
      const nginx = await startNginx(certificate, ports);
      closers.push(nginx.stop);
      const HAProxy = await startHaproxy(certificate, ports);
      closers.push(HAProxy.stop);
      proxies = { nginx, HAProxy };
    });
    afterAll(async () => {
      for (const close of closers.reverse()) await close();
    });

    async function start(i: 0 | 1): Promise<Running> {
      const replica = run({ ...env, PORT: String(ports[i]) });
      closers.push(() => {
        replica.child.kill('SIGKILL');
        return replica.exited;
      });
      await replica.origin;
      return replica;
    }

    /** One POST to /graphql through a proxy, from an address of this machine. */
    function post(
      proxy: ReverseProxy,
      query: string,
      {
        headers = {},
        agent,
        localAddress = '127.0.0.1',
      }: { headers?: Record<string, string>; agent?: Agent; localAddress?: string } = {},
    ): Promise<Reply> {
      return new Promise((done) => {
        const fail = () => done({ status: 0, body: {} });
        const sent = request(
          {
            ...{
              host: '127.0.0.1',
              port: proxy.port,
              servername: HOST_NAME,
              path: '/graphql',
              method: 'POST',
            },
            ...{ ca: readFileSync(certificate.certificate), localAddress, ...(agent ? { agent } : {}) },
            headers: { host: HOST_NAME, 'content-type': 'application/json', ...headers },
          },
          async (response) => {
            let text = '';
            for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
            const status = response.statusCode ?? 0;
            done({ status, body: status === 200 ? JSON.parse(text) : {} });
          },
        );
        sent.once('error', fail).end(JSON.stringify({ query }));
      });
    }

    let people = 0;
    const login = () => `mutation { login(code: "dev:behind${people++}") { token } }`;

    /** Clients that log in through both proxies all the time, with kept connections. */
    function startLoad() {
      const failures: string[] = [];
      let logins = 0;
      let isStopping = false;
      async function runClient(name: string, proxy: ReverseProxy): Promise<void> {
        const agent = new Agent({ keepAlive: true });
        while (!isStopping) {
          const { status, body } = await post(proxy, login(), { agent });
          if (status === 200 && body.data?.login) logins += 1;
          else failures.push(`${name} ${status} ${body.errors?.[0]?.extensions.code ?? ''}`);
        }
        agent.destroy();
      }
      const running = Object.entries(proxies).flatMap(([name, proxy]) =>
        Array.from({ length: CLIENTS }, () => runClient(name, proxy)),
      );
      return {
        failures,
        logins: () => logins,
        async stop() {
          isStopping = true;
          await Promise.all(running);
        },
      };
    }

    describe.each(['nginx', 'HAProxy'] as const)('%s', (name) => {
      test('serves TLS with its certificate, HTTP/1.1 and HTTP/2', async () => {
        const { status, body } = await post(proxies[name], '{ __typename }');
        expect([status, body]).toEqual([200, { data: { __typename: 'Query' } }]);
        const session = connectHttp2(`https://127.0.0.1:${proxies[name].port}`, {
          ca: readFileSync(certificate.certificate),
          servername: HOST_NAME,
        });
        const stream = session.request({ ':path': '/ready', ':authority': HOST_NAME });
        const status2 = await new Promise((done, fail) => {
          stream.once('response', (headers) => done(headers[':status'])).once('error', fail);
        });
        expect(status2).toBe(200);
        session.destroy();
      });

      test('the address of a client counts for rate limits, a forged X-Forwarded-For does not', async () => {
        const proxy = proxies[name];
        const localAddress = name === 'nginx' ? '127.0.1.1' : '127.0.2.1';
        const guess = async (i: number, from: string) => {
          const query = `mutation { login(code: "wrong-${name}${i}") { token } }`;
          const headers = { 'x-forwarded-for': `203.0.113.${i}` };
          const { body } = await post(proxy, query, { headers, localAddress: from });
          return body.errors?.[0]?.extensions.code;
        };
        const codes: unknown[] = [];
        // Each of the two replicas counts on its own.
        for (let i = 0; i < 12; i++) codes.push(await guess(i, localAddress));
        expect(codes.filter((code) => code === 'WECHAT_CODE_INVALID')).toHaveLength(6);
        expect(codes.slice(-4)).toEqual(Array(4).fill('RATE_LIMITED'));
        expect(await guess(99, localAddress.replace(/1$/, '2'))).toBe('WECHAT_CODE_INVALID');
      });
    });

    test('SIGTERM to one replica under load loses no request', async () => {
      const load = startLoad();
      await sleep(500);
      const [replica] = replicas;
      replica.child.kill('SIGTERM');
      expect(await replica.exited).toBe(0);
      // Containers have a read-only file system.
      expect(readdirSync(replica.folder)).toEqual([]);
      await sleep(500);
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.logins()).toBeGreaterThan(100);
      expect(wechat.sentTwice()).toEqual([]);
    });

    test('a killed replica: only requests in flight fail, and none is sent to WeChat twice', async () => {
      if (replicas[0].child.exitCode !== null) {
        replicas[0] = await start(0);
        await sleep(FAIL_TIMEOUT_MS);
      }
      const load = startLoad();
      await sleep(1500);
      expect(load.failures).toEqual([]);
      replicas[1].child.kill('SIGKILL');
      await sleep(1500);
      const failed = load.failures.length;
      const before = load.logins();
      await sleep(500);
      await load.stop();
      expect(wechat.sentTwice()).toEqual([]);
      expect(failed).toBeGreaterThan(0);
      expect(failed).toBeLessThanOrEqual(2 * CLIENTS);
      // The later ones went to the other replica.
      expect(load.failures).toHaveLength(failed);
      expect(load.logins() - before).toBeGreaterThan(10);
      // HAProxy ends the connection if it had served a request before.
      expect(load.failures.filter((failure) => !/ (0|50[234]) $/.test(failure))).toEqual([]);
    });
  },
);

type WeChat = { url: string; sentTwice(): string[]; close(): Promise<void> };

/** The sandbox behind a server that counts the codes, and takes its time. */
async function startWeChat(sandboxUrl: string): Promise<WeChat> {
  const codes = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const code = new URL(incoming.url ?? '/', sandboxUrl).searchParams.get('js_code');
    if (code) codes.set(code, (codes.get(code) ?? 0) + 1);
    await sleep(WECHAT_MS);
    const response = await fetch(new URL(incoming.url ?? '/', sandboxUrl));
    outgoing.end(await response.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    sentTwice: () => [...codes].filter(([, count]) => count > 1).map(([code]) => code),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
