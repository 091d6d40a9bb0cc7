import { Agent, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ERROR_CODES } from '../src/errors/codes.ts';
import { createSandbox, type Sandbox } from '../src/sandbox/index.ts';
import { buildSchema } from '../src/schema/index.ts';
import { ANSWER_CANARIES, APP_SECRET, canariesIn, canaryBytes, OUTPUT_CANARIES } from './support/canaries.ts';
import { APP_ID, SECOND_APP_ID } from './support/product.ts';
import { type Replica, startReplica } from './support/replica.ts';

/** FUZZ_RUNS=20000 is what CI runs. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 2000);

let sandbox: Sandbox;
let server: Replica;
let token = '';
beforeAll(async () => {
  const apps = [APP_ID, SECOND_APP_ID].map((appId) => ({ appId, secret: APP_SECRET }));
  sandbox = await createSandbox({ apps, random: canaryBytes });
  server = await startReplica({
    DATABASE_URL: 'file::memory:',
    WECHAT_API_URL: sandbox.url,
    RATE_LIMIT_LOGINS_PER_ADDRESS: '0',
    RATE_LIMIT_LOGINS_PER_APP: '0',
    TRUST_PROXY: '1',
    // Its page of 9 MB would hide what requests leave behind.
    GRAPHIQL: '0',
    INTROSPECTION: '1',
    // Little room, so that what is kept shows, and what is only not yet collected doesn't.
    NODE_OPTIONS: '--max-old-space-size=160',
  });
  const response = await send({
    body: JSON.stringify({ query: 'mutation { login(code: "dev:fuzz") { token } }' }),
    headers: { 'content-type': 'application/json' },
  });
  token = JSON.parse(response.text).data.login.token;
});
afterAll(async () => {
  agent.destroy();
  await server.stop();
  await sandbox.close();
});

type Sent = {
  body: string | Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
  path?: string;
  method?: string;
};

type Received = { status: number; type: string; text: string };

/** By node:http, which sends what fetch is too polite for. */
const agent = new Agent({ keepAlive: true });
function send({ body, headers, path = '/graphql', method = 'POST' }: Sent) {
  return new Promise<Received>((resolve, reject) => {
    const options = { agent, port: server.port, host: '127.0.0.1', path, method, headers };
    const request = httpRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(method === 'GET' || method === 'HEAD' ? undefined : body);
  });
}

const schema = buildSchema();
const fieldNames = Object.values(schema.getTypeMap()).flatMap((type) =>
  isObjectType(type) && !type.name.startsWith('__') ? Object.keys(type.getFields()) : [],
);
const argumentNames = [
  'code',
  'userInfo',
  'appId',
  'profile',
  'id',
  'role',
  'disabled',
  'first',
  'after',
  'search',
];
const typeNames = Object.keys(schema.getTypeMap());

const nasty = fc.constantFrom(
  '',
  '\0',
  '\ud800',
  '💩',
  "' OR 1=1 -- ",
  '../../etc/passwd',
  '{{7*7}}',
  '%00',
  '__proto__',
  'constructor',
  'dev:alice',
  'fault:40029',
  'fault:-1',
  'a'.repeat(5000),
  '1e999',
  '00000000-0000-7000-8000-000000000000',
);
const text = fc.oneof(nasty, fc.string(), fc.string({ unit: 'binary' }));
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(2 ** 31, -(2 ** 63), 1e308, 0.1),
);
const json = fc.oneof(scalar, fc.jsonValue({ maxDepth: 4 }));
const name = fc.oneof(
  fc.constantFrom(...fieldNames, ...argumentNames, '__typename', '__schema', '__proto__'),
  fc.stringMatching(/^[A-Za-z_]\w{0,8}$/),
);
const literal = fc.oneof(
  json.map((value) => JSON.stringify(value) ?? 'null'),
  name,
  fc.constantFrom('$a', '$b', '{ nickName: "x" }', '{ gender: 7 }', '[[[]]]', '"""block"""', 'ADMIN'),
);
const args = fc
  .array(fc.tuple(fc.constantFrom(...argumentNames), literal), { maxLength: 3 })
  .map((list) => (list.length === 0 ? '' : `(${list.map(([key, value]) => `${key}: ${value}`).join(', ')})`));
const { selection } = fc.letrec<{ selection: string; set: string }>((tie) => ({
  set: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((list) => `{ ${list.join(' ')} }`),
  selection: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    name,
    fc.tuple(name, args).map((parts) => parts.join('')),
    fc.tuple(name, args, tie('set')).map((parts) => parts.join(' ')),
    fc.tuple(name, name).map(([alias, field]) => `${alias}: ${field}`),
    fc.tuple(fc.constantFrom(...typeNames), tie('set')).map(([type, set]) => `... on ${type} ${set}`),
    fc.constantFrom(
      '...F',
      '... @include(if: $a) { __typename }',
      'login(code: $a) { token user { id openId } }',
    ),
  ),
}));
const known = fc.constantFrom(
  'query ($a: ID!) { user(id: $a) { id } }',
  'query ($a: Int, $b: String) { users(first: $a, after: $b, filter: { search: $b, phoneNumber: $b, appId: $b }) { edges { node { id openId } } } }',
  'mutation ($a: String!, $b: UserInfoInput) { login(code: $a, userInfo: $b) { token isNewUser user { id nickName } } }',
  'mutation ($a: ProfileInput!) { updateProfile(profile: $a) { user { id nickName } } }',
  'mutation ($a: ID!, $b: UserRole!) { setUserRole(id: $a, role: $b) { user { id } } }',
  'mutation ($a: ID!, $b: Boolean!) { setUserDisabled(id: $a, disabled: $b) { user { id } } }',
  '{ me { id openId unionId disabledAt createdAt } }',
  'mutation { renewToken { token expiresAt } }',
);
const query = fc.oneof(
  { weight: 4, arbitrary: known },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('query', 'mutation', 'query ($a: Boolean!)', 'mutation ($a: String!, $b: Int)', ''),
        fc.array(selection, { minLength: 1, maxLength: 4 }),
      )
      .map(([kind, list]) => `${kind} { ${list.join(' ')} }`),
  },
  { weight: 1, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc
      .array(
        fc.oneof(
          name,
          fc.constantFrom('{', '}', '(', ')', '...', '@', '$', ':', '"', '"""', 'query', '#', '&'),
        ),
        { maxLength: 60 },
      )
      .map((tokens) => tokens.join(' ')),
  },
);
const profile = fc.dictionary(
  fc.constantFrom(
    'nickName',
    'avatarUrl',
    'gender',
    'country',
    'city',
    'language',
    'is_demote',
    '__proto__',
    'x',
  ),
  json,
  { maxKeys: 5 },
);
const value = fc.oneof(json, profile);
const variables = fc.oneof(
  { weight: 6, arbitrary: fc.record({ a: value, b: value }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: json },
);
function rarely<T>(arbitrary: fc.Arbitrary<T>) {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}
const params = fc.record(
  {
    query: fc.oneof({ weight: 12, arbitrary: query }, { weight: 1, arbitrary: json }),
    variables,
    operationName: rarely(fc.oneof(fc.constant(null), text, json)),
    extensions: rarely(json),
    documentId: rarely(json),
  },
  { requiredKeys: ['query', 'variables'] },
);
const body = fc.oneof(
  { weight: 12, arbitrary: params.map((each) => JSON.stringify(each)) },
  { weight: 1, arbitrary: fc.array(params, { maxLength: 3 }).map((each) => JSON.stringify(each)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes)) },
);
const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
  maxLength: 60,
});
const headers = fc
  .record(
    {
      authorization: fc.oneof(
        { weight: 3, arbitrary: fc.constant('TOKEN') },
        { weight: 1, arbitrary: headerText },
        { weight: 1, arbitrary: headerText.map((each) => `Bearer ${each}`) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.base64String(), fc.base64String(), fc.base64String())
            .map((parts) => `Bearer ${parts.join('.').replaceAll('=', '')}`),
        },
      ),
      accept: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom('*/*', 'application/graphql-response+json') },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'text/event-stream',
            'multipart/mixed',
            'text/html',
            'application/json;q=0',
          ),
        },
        { weight: 1, arbitrary: headerText },
      ),
      'content-type': fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom('application/json', 'application/json; charset=utf-8') },
        { weight: 1, arbitrary: headerText },
      ),
      'x-request-id': headerText,
      'x-forwarded-for': fc.oneof(fc.ipV4(), fc.ipV6(), headerText),
      'accept-language': headerText,
      cookie: headerText,
      'x-http-method-override': fc.constantFrom('DELETE', 'GET'),
    },
    { requiredKeys: ['content-type'] },
  )
  .map((each) => Object.fromEntries(Object.entries(each).map(([key, value]) => [key, String(value).trim()])));
const path = fc.oneof(
  { weight: 30, arbitrary: fc.constant('/graphql') },
  { weight: 1, arbitrary: text.map((each) => `/graphql?query=${encodeURIComponent(each.toWellFormed())}`) },
  {
    weight: 1,
    arbitrary: query.map(
      (each) => `/graphql?query=${encodeURIComponent(each.toWellFormed())}&variables={"a":1}`,
    ),
  },
  { weight: 1, arbitrary: fc.webPath() },
);
const request: fc.Arbitrary<Sent> = fc.record({
  body,
  headers,
  path,
  method: fc.oneof(
    { weight: 20, arbitrary: fc.constant('POST') },
    { weight: 2, arbitrary: fc.constant('GET') },
    { weight: 1, arbitrary: fc.constantFrom('PUT', 'HEAD', 'OPTIONS', 'DELETE') },
  ),
});

/** What is wrong with an answer; nothing, one hopes. */
function faultsOf({ status, type, text }: Received): string[] {
  const faults = canariesIn(text, ANSWER_CANARIES).map((canary) => `the answer holds ${canary}`);
  if (status < 200 || status >= 500) faults.push(`status ${status}`);
  if (/^application\/.*json/.test(type)) {
    const { errors = [] }: { errors?: { extensions?: { code?: string } }[] } = JSON.parse(text || '{}');
    for (const { extensions } of errors) {
      const code = extensions?.code ?? 'none';
      if (!Object.hasOwn(ERROR_CODES, code)) faults.push(`the code ${code}`);
      if (['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE'].includes(code)) faults.push(`an error ${code}`);
    }
  }
  return faults;
}

test(`${RUNS} random requests: no 5xx, no failure inside, no secret, and the memory stays flat`, async () => {
  let done = 0;
  let settled = Number.NaN;
  const codes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(request, async (each) => {
      const authorization = each.headers.authorization;
      const sent =
        authorization === 'TOKEN'
          ? { ...each, headers: { ...each.headers, authorization: `Bearer ${token}` } }
          : each;
      const response = await send(sent);
      codes.set(String(response.status), (codes.get(String(response.status)) ?? 0) + 1);
      expect(faultsOf(response)).toEqual([]);
      done++;
      if (done === Math.floor(RUNS / 2)) settled = server.memory().now;
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 600_000, markInterruptAsFailure: true },
  );
  const { now } = server.memory();
  const statuses = [...codes].map(([status, count]) => `${count} × ${status}`).join(', ');
  process.stdout.write(
    `${RUNS} random requests: ${statuses}; memory ${Math.round(settled)} → ${Math.round(now)} MB\n`,
  );
  expect(Number.isNaN(now) || now - settled < 100).toBe(true);
  expect(canariesIn(server.output(), OUTPUT_CANARIES)).toEqual([]);
  expect(server.output()).not.toContain('unexpected failure');
  const alive = await fetch(`${server.url}/ready`);
  expect(alive.status).toBe(200);
}, 660_000);
