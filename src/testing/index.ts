import { randomBytes } from 'node:crypto';
import { type App, createApp } from '../app.ts';
import { readConfig, SANDBOX_APP } from '../config/config.ts';
import type { Env } from '../config/env.ts';
import { type HttpServer, listen } from '../http/server.ts';
import type { DefinedModule } from '../modules/module.ts';
import { createLog, type Log } from '../ops/log.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from '../sandbox/index.ts';
import type { Role } from '../storage/user-types.ts';
import { createTestClient, type TestClient } from './test-client.ts';

export type { TestClient, TestError, TestResult } from './test-client.ts';

export type TestServerOptions = {
  /** In the order in which they are started. */
  modules?: readonly DefinedModule[];
  /** Variables beside those of a test: DATABASE_URL, ROLES … The default database is in memory. */
  environment?: Env;
  /** Silent by default. */
  log?: Log;
  /** Random bytes of the sandbox. */
  random?: SandboxOptions['random'];
};

/** A server for tests, with the WeChat sandbox and a clock that tests set. */
export interface TestServer {
  app: App;
  sandbox: Sandbox;
  /** Milliseconds since 1970; the server and the sandbox read it. It stands still unless it is set. */
  clock: { now: number };
  /** Sends requests without a token. */
  anonymous: TestClient;
  /** Logs in a person of the sandbox: one name is one user. */
  as(person: string): Promise<TestClient>;
  /** Gives a person a role, as the command `admin grant` does. */
  grant(person: string, role: Role): Promise<void>;
  /** Listens on a free port of this machine; returns the URL without a path. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

const LOGIN = 'mutation ($code: String!) { login(code: $code) { token user { id } } }';

type Login = { login: { token: string; user: { id: string } } };

/**
 * Starts the server with modules, on a database of its own in memory and with the sandbox instead of WeChat. Rate limits
 * are off.
 * @throws {ModuleError}
 */
export async function createTestServer({
  modules = [],
  environment = {},
  log = createLog('silent'),
  random,
}: TestServerOptions = {}): Promise<TestServer> {
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const defaults = { ...TEST_ENVIRONMENT, JWT_SECRET: randomSecret(), SESSION_KEY_SECRET: randomSecret() };
  const { apps } = readConfig({ ...defaults, ...environment }).wechat;
  const sandbox = await createSandbox({ apps, now, ...(random ? { random } : {}) });
  const config = readConfig({ ...defaults, WECHAT_API_URL: sandbox.url, ...environment });
  const app = await createApp(config, { modules, overrides: { now, log } }).catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  let server: HttpServer | undefined;

  async function origin(): Promise<string> {
    server ??= await listen(app, config.http);
    return `http://127.0.0.1:${server.port}`;
  }

  const anonymous = createTestClient({ app, origin });

  async function as(person: string): Promise<TestClient> {
    const { data, errors } = await anonymous.request<Login>(LOGIN, { code: `dev:${person}` });
    if (!data) throw new Error(`${person} cannot log in: ${errors[0]?.message}`);
    return createTestClient({ app, origin, token: data.login.token, id: data.login.user.id });
  }

  return {
    app,
    sandbox,
    clock,
    anonymous,
    as,
    async grant(person, role) {
      await app.storage.users.setRole((await as(person)).id, role);
    },
    listen: origin,
    async close() {
      await server?.close();
      await app.close();
      await sandbox.close();
    },
  };
}

const TEST_ENVIRONMENT: Env = {
  NODE_ENV: 'test',
  HOST: '127.0.0.1',
  PORT: '0',
  DATABASE_URL: 'file::memory:',
  LOG_LEVEL: 'silent',
  WECHAT_APP_ID: SANDBOX_APP.appId,
  WECHAT_APP_SECRET: SANDBOX_APP.secret,
  SHUTDOWN_DELAY_MS: '0',
  MAX_EVENT_LOOP_DELAY_MS: '60000',
  RATE_LIMIT_LOGINS_PER_ADDRESS: '0',
  RATE_LIMIT_LOGINS_PER_APP: '0',
  RATE_LIMIT_FAILURES_PER_ADDRESS: '0',
  RATE_LIMIT_FAILURES_PER_NETWORK: '0',
  RATE_LIMIT_PHONES_PER_USER: '0',
};

function randomSecret(): string {
  return randomBytes(48).toString('base64');
}
