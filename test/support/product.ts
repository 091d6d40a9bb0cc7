import { mkdirSync } from 'node:fs';
import { type GraphQLField, type GraphQLFieldMap, getNamedType, isObjectType } from 'graphql';
import { pino } from 'pino';
import { expect } from 'vitest';
import type { App } from '../../src/app.ts';
import type { DefinedModule } from '../../src/modules/module.ts';
import { createLog } from '../../src/ops/log.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { buildSchema } from '../../src/schema/index.ts';
import { createTestServer } from '../../src/testing/index.ts';
import {
  ANSWER_CANARIES,
  APP_SECRET,
  canariesIn,
  canaryBytes,
  JWT_SECRET,
  SESSION_KEY_SECRET,
} from './canaries.ts';

export const APP_ID = 'wxcanary00000001';
export const SECOND_APP_ID = 'wxcanary00000002';

export type Clock = { now: number };

export type Answer<Data = Record<string, never>> = {
  status: number;
  headers: Headers;
  data?: Data | null;
  errors?: {
    message: string;
    path?: unknown;
    extensions: {
      code: string;
      action: string;
      retryAfter?: number;
      wechat?: { errcode: number; rid: string };
    };
  }[];
};

export type Product = {
  app: App;
  sandbox: Sandbox;
  clock: Clock;
  query<Data>(
    query: string,
    options?: { variables?: unknown; token?: string | undefined; headers?: Record<string, string> },
  ): Promise<Answer<Data>>;
  login(
    code: string,
    options?: { userInfo?: unknown; appId?: string; token?: string },
  ): Promise<Answer<{ login: LoginData }>>;
  mint(user: string, appId?: string): Promise<string>;
  /** Posts to one of the sandbox's controls, such as `phone-codes`. */
  control<Data>(name: string, body: Record<string, unknown>): Promise<Data>;
  close(): Promise<void>;
};

export type UserData = {
  id: string;
  openId: string;
  unionId: string | null;
  nickName: string | null;
  avatarUrl: string | null;
  gender: number | null;
  country: string | null;
  province: string | null;
  city: string | null;
  language: string | null;
  role: string;
  createdAt: string;
  lastLoginAt: string;
};
export type LoginData = { token: string; expiresAt: string; isNewUser: boolean; user: UserData };

export const USER =
  '{ id openId unionId nickName avatarUrl gender country province city language role createdAt lastLoginAt }';
const LOGIN = `mutation Login($code: String!, $userInfo: UserInfoInput, $appId: String) {
  login(code: $code, userInfo: $userInfo, appId: $appId) { token expiresAt isNewUser user ${USER} }
}`;

const OUTPUT = '.test-output';
mkdirSync(OUTPUT, { recursive: true });
const destination = pino.destination({ dest: `${OUTPUT}/log-${process.pid}.ndjson`, sync: true });

/** The environment that the product of the tests runs in. */
export function environment(more: Record<string, string> = {}): Record<string, string> {
  return {
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'trace',
    JWT_SECRET,
    SESSION_KEY_SECRET,
    // 5 seconds in production.
    SHUTDOWN_DELAY_MS: '0',
    // Off, unless a test is about them.
    RATE_LIMIT_LOGINS_PER_ADDRESS: '0',
    RATE_LIMIT_LOGINS_PER_APP: '0',
    RATE_LIMIT_FAILURES_PER_ADDRESS: '0',
    RATE_LIMIT_FAILURES_PER_NETWORK: '0',
    RATE_LIMIT_PHONES_PER_USER: '0',
    MAX_EVENT_LOOP_DELAY_MS: '60000',
    WECHAT_APP_ID: APP_ID,
    WECHAT_APP_SECRET: APP_SECRET,
    WECHAT_APPS: `${SECOND_APP_ID}:${APP_SECRET}`,
    ...more,
  };
}

/** The real product on a database of its own, the real sandbox over HTTP, and a clock that tests can set. */
export async function startProduct(
  databaseUrl: string,
  more: Record<string, string> = {},
  modules: readonly DefinedModule[] = [],
): Promise<Product> {
  const server = await createTestServer({
    modules,
    environment: environment({ DATABASE_URL: databaseUrl, ...more }),
    log: createLog('trace', destination),
    random: canaryBytes,
  });
  const { app, sandbox, clock } = server;

  const product: Product = {
    app,
    sandbox,
    clock,
    async query(query, { variables, token, headers } = {}) {
      const response = await app.fetch(
        'http://localhost/graphql',
        {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...headers,
          },
          body: JSON.stringify({ query, variables }),
        },
        { requestId: 'test', address: '127.0.0.1' },
      );
      return readAnswer(response);
    },
    login: (code, { token, ...variables } = {}) =>
      product.query(LOGIN, { variables: { code, ...variables }, token }),
    async mint(user, appId) {
      const { code } = await product.control<{ code: string }>('codes', { user, appId });
      return code;
    },
    async control(name, body) {
      const response = await fetch(`${sandbox.url}/sandbox/${name}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return response.json();
    },
    close: server.close,
  };
  return product;
}

/** Reads a response as a client would. It must hold no canary, and no code that its field doesn't announce. */
export async function readAnswer<Data>(response: Response): Promise<Answer<Data>> {
  const text = await response.text();
  expect(canariesIn(text, ANSWER_CANARIES)).toEqual([]);
  const answer: Answer<Data> = { status: response.status, headers: response.headers, ...JSON.parse(text) };
  expect(unannouncedCodes(answer)).toEqual([]);
  return answer;
}

const schema = buildSchema();
/** The field at a path of a response; undefined behind an alias. */
function fieldAt(path: readonly unknown[]): GraphQLField<unknown, unknown> | undefined {
  const names = path.filter((segment) => typeof segment === 'string');
  let fields: GraphQLFieldMap<unknown, unknown> = rootFields;
  let field: GraphQLField<unknown, unknown> | undefined;
  for (const name of names) {
    field = fields[name];
    const type = field && getNamedType(field.type);
    fields = isObjectType(type) ? type.getFields() : {};
  }
  return field;
}

const rootFields = { ...schema.getQueryType()?.getFields(), ...schema.getMutationType()?.getFields() };

/** The codes of failed fields that are missing in "Errors: …" of their descriptions. */
function unannouncedCodes({ errors = [] }: Answer<unknown>): string[] {
  return errors.flatMap(({ path, extensions: { code } }) => {
    const field = Array.isArray(path) ? fieldAt(path) : undefined;
    if (!field || code === 'INTERNAL_SERVER_ERROR') return [];
    const [, announced = ''] = /^Errors: (.+)\.$/m.exec(field.description ?? '') ?? [];
    return announced.split(', ').includes(code) ? [] : [`${field.name}: ${code}`];
  });
}

/** The code of the only error of an answer; undefined when there is none. */
export function codeOf({ errors }: Answer<unknown>): string | undefined {
  return errors?.[0]?.extensions.code;
}
