import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWER_CANARIES, canariesIn } from './support/canaries.ts';
import { DATABASES, runAnySql } from './support/databases.ts';
import { endOfLog, readLog } from './support/log.ts';
import { SECOND_APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

/** Both lanes must respond alike: LANE_RUNS requests are sent to both, for each database. */
const RUNS = Number(process.env.LANE_RUNS ?? 1500);
/** Enough for a document to be compiled. */
const WARM_UP = 14;

type Params = {
  query?: string;
  variables?: unknown;
  operationName?: unknown;
  [member: string]: unknown;
};

const USER = `id appId openId unionId nickName avatarUrl gender country province city language phoneNumber
  phoneCountryCode role createdAt lastLoginAt`;

/** Documents with good and bad variables. None changes what another reads. */
const DOCUMENTS: { query: string; variables?: readonly unknown[]; names?: readonly unknown[] }[] = [
  { query: '{ me { id } }' },
  { query: `query Me { me { ${USER} } }`, names: [undefined, null, 'Me', 'Other', '', 7] },
  { query: '{ me { id disabledAt linkedAccounts { id appId createdAt } } }' },
  { query: '{ a: me { id } b: me { openId again: openId } __typename }' },
  { query: '{ __typename me { __typename id } }' },
  { query: 'query Me($yes: Boolean!) { me { id @include(if: $yes) role @skip(if: $yes) } }' },
  { query: 'query A { me { id } } query B { me { role } }', names: [undefined, 'A', 'B', 'C'] },
  { query: 'query Me { me { ...Fields } } fragment Fields on User { id openId ... on User { role } }' },
  { query: '{ ... on Query { me { id } } }' },
  {
    query:
      'query List($first: Int) { users(first: $first) { edges { cursor node { id openId } } totalCount } }',
  },
  {
    query:
      '{ users(first: 1) { edges { node { id disabledAt linkedAccounts { id } } } pageInfo { hasNextPage } } }',
  },
  { query: '{ users(first: 0) { edges { cursor } } me { id } }' },
  { query: '{ users(first: 2, filter: { role: ADMIN }) { edges { node { id role } } } }' },
  {
    query:
      'query Find($filter: UserFilter, $after: String) { users(first: 3, after: $after, filter: $filter) { edges { node { id } } } }',
    variables: [
      { filter: { role: 'USER' } },
      { filter: { role: 'NOBODY' } },
      { filter: [] },
      { filter: { unknown: 1 } },
      { filter: { search: 'x'.repeat(50) } },
      { after: 'not a cursor' },
    ],
  },
  {
    query: `mutation Login($code: String!, $userInfo: UserInfoInput, $appId: String) {
      login(code: $code, userInfo: $userInfo, appId: $appId) { isNewUser ignoredFields { field reason } user { ${USER} } } }`,
    variables: [
      { code: 'dev:alice' },
      { code: 'dev:bob', appId: SECOND_APP_ID },
      { code: 'dev:alice', userInfo: null },
      { code: 'dev:alice', userInfo: [] },
      {
        code: 'dev:alice',
        userInfo: { nickName: 'Alice', gender: 2, is_demote: 'true', avatarUrl: 'wxfile://x' },
      },
      { code: 'dev:alice', userInfo: { nickName: 7 } },
      { code: 'dev:alice', userInfo: { city: 'x\u0007y', language: 'zh_CN', gender: 9 } },
      { code: 'dev:alice', appId: 'wx0000000000000000' },
      { code: 'no such code' },
      { code: 'unknown-code-00000001' },
      { code: 7 },
      { code: null },
      { code: '' },
      { code: 'dev:alice', more: { than: 'asked' } },
      { code: 'dev:disabled' },
    ],
  },
  { query: 'mutation { login(code: "dev:alice") { isNewUser user { id openId disabledAt } } }' },
  { query: 'mutation { a: login(code: "dev:alice") { isNewUser } b: login(code: "") { isNewUser } }' },
  { query: 'mutation { login(code: "") { isNewUser } }' },
  { query: 'mutation { renewToken { user { id openId } } }' },
  {
    query:
      'mutation Rename($profile: ProfileInput!) { updateProfile(profile: $profile) { user { nickName } } }',
    variables: [
      { profile: { nickName: 'Alice' } },
      { profile: {} },
      { profile: { nickName: 'x'.repeat(65) } },
      { profile: { gender: 7 } },
      { profile: { avatarUrl: 'http://example.com/a.png' } },
      { profile: null },
      {},
    ],
  },
  {
    query:
      'mutation Role($id: ID!, $role: UserRole!) { setUserRole(id: $id, role: $role) { user { id role } } }',
    variables: [
      { id: '018f0000-0000-7000-8000-000000000000', role: 'USER' },
      { id: 'nobody', role: 'USER' },
      { id: 'nobody', role: 'KING' },
      { id: 5, role: 'USER' },
    ],
  },
  { query: 'mutation { bindPhone(code: "") { user { id } } }' },
  {
    query: 'mutation ($code: String!) { bindPhone(code: $code) { user { id } } }',
    variables: [{ code: 'wrong-code-000000001' }, {}],
  },
  { query: 'query ($day: Boolean = true) { me { id @include(if: $day) } }' },
  { query: '{ nope }' },
  { query: '{ me { id' },
  { query: '{ me }' },
  { query: '' },
  { query: `{ ${'a'.repeat(300)} }` },
];

const VARIABLES: readonly unknown[] = [
  undefined,
  null,
  {},
  { yes: true },
  { first: 2 },
  { first: 'x' },
  [],
  'text',
  { yes: 1 },
];
const ACCEPTS = [
  undefined,
  '*/*',
  'application/json',
  'application/json, text/plain, */*',
  'application/graphql-response+json',
  'text/html',
  'application/json;q=0.5',
];
const MEMBERS: Record<string, unknown>[] = [
  {},
  {},
  {},
  { extensions: {} },
  { documentId: 'x' },
  { id: 'x' },
  { query2: '' },
];

type Response = { status: number; headers: Record<string, string>; body: unknown };

const COMPARED = [
  'content-type',
  'cache-control',
  'content-security-policy',
  'x-frame-options',
  'vary',
  'access-control-allow-origin',
  'allow',
  'x-request-id',
];

const ORIGIN = 'https://console.example.com';
/** Fields that read the database. */
const FAILING = [
  '{ me { id } }',
  '{ users(first: 0) { edges { cursor } } me { id } }',
  '{ a: me { id } b: me { openId again: openId } __typename }',
  'mutation { renewToken { user { id openId } } }',
];

const PERSISTED_IDS = new Map(DOCUMENTS.map(({ query }, i) => [query, `sha256:${i}`]));

/** Settings that a lane could forget. */
const SETTINGS: { name: string; env: Record<string, string>; isPersisted: boolean }[] = [
  { name: 'defaults', env: {}, isPersisted: false },
  {
    name: 'persisted documents, in production',
    env: { NODE_ENV: 'production', HOST: '127.0.0.1', PERSISTED_DOCUMENTS: writeDocuments() },
    isPersisted: true,
  },
];
/** None with LANE_RUNS=0. */
const CASES = (RUNS === 0 ? [] : DATABASES).flatMap(({ name, create }) =>
  SETTINGS.map((settings) => ({ ...settings, name: `${name}, ${settings.name}`, create })),
);

describe.each(CASES)('the compiled lane and that of Yoga, on $name', ({ create, env, isPersisted }) => {
  let server: Server;
  let databaseUrl: string;
  const authorizations: (string | undefined)[] = [
    undefined,
    'Bearer x',
    'Basic abc',
    `Bearer ${'a'.repeat(5000)}`,
  ];

  beforeAll(async () => {
    databaseUrl = await create();
    authorizations.push(...(await createUsers(databaseUrl)).map((token) => `Bearer ${token}`));
    server = await startServer(databaseUrl, { CORS_ORIGINS: ORIGIN, ...env });
    for (const { query, variables = [{}] } of DOCUMENTS)
      for (let i = 0; i < WARM_UP; i++)
        await send('/graphql', { ...naming(query), variables: variables[0] }, {});
  });
  afterAll(() => server.close());

  function naming(query: string): Params {
    return isPersisted ? { documentId: PERSISTED_IDS.get(query) } : { query };
  }

  async function send(path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': 'compared',
        origin: ORIGIN,
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    expect(canariesIn(text, ANSWER_CANARIES)).toEqual([]);
    const fields = COMPARED.map((name) => [name, response.headers.get(name) ?? '']);
    return {
      status: response.status,
      headers: Object.fromEntries(fields),
      body: withoutChance(JSON.parse(text)),
    };
  }

  /** Yoga gets every request with a query in its URL. */
  async function expectAlike(body: unknown, headers: Record<string, string>): Promise<void> {
    const compiled = await send('/graphql', body, headers);
    expect(compiled, JSON.stringify({ body, headers })).toEqual(
      await send('/graphql?lane=yoga', body, headers),
    );
  }

  const request = fc
    .record({
      document: fc.constantFrom(...DOCUMENTS),
      any: fc.constantFrom(...VARIABLES),
      own: fc.nat(),
      useOwn: fc.integer({ min: 0, max: 3 }),
      name: fc.nat(),
      members: fc.constantFrom(...MEMBERS),
      accept: fc.constantFrom(...ACCEPTS, undefined, undefined, '*/*'),
      authorization: fc.nat(),
    })
    .map(({ document, any, own, useOwn, name, members, accept, authorization }) => {
      const { query, variables = [{}], names = [undefined] } = document;
      const chosen = useOwn === 0 ? any : variables[own % variables.length];
      const operationName = names[name % names.length];
      const params: Params = {
        ...naming(query),
        ...(chosen === undefined ? {} : { variables: chosen }),
        ...(operationName === undefined ? {} : { operationName }),
        ...members,
      };
      return { params, accept, authorization };
    });

  test(`${RUNS} generated requests get equal status, headers and bodies`, { timeout: 300_000 }, async () => {
    const before = countCompiled();
    await fc.assert(
      fc.asyncProperty(request, async ({ params, accept, authorization }) => {
        const header = authorizations[authorization % authorizations.length];
        await expectAlike(params, {
          ...(accept === undefined ? {} : { accept }),
          ...(header === undefined ? {} : { authorization: header }),
        });
      }),
      { numRuns: RUNS },
    );
    expect(countCompiled() - before, 'requests that took the compiled lane').toBeGreaterThan(RUNS / 16);
  });

  test('while the table of users is missing, both respond with the same errors', async () => {
    const signedIn = authorizations.filter((value) => value?.includes('.'));
    await runAnySql(databaseUrl, 'ALTER TABLE user RENAME TO elsewhere');
    const before = countCompiled();
    for (const query of FAILING)
      for (const authorization of signedIn)
        await expectAlike(naming(query), { authorization: authorization ?? '' });
    expect(countCompiled()).toBeGreaterThan(before);
    const { body } = await send('/graphql', naming('{ me { id } }'), { authorization: signedIn[0] ?? '' });
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    await runAnySql(databaseUrl, 'ALTER TABLE elsewhere RENAME TO user');
  });
});

describe('the lane of a request', () => {
  const NAMED = 'query Me { me { id } }';
  const FAILING_ALIAS = '{ me { id } again: me { id } health: users(first: 0) { edges { cursor } } }';
  const OTHER = 'query Other { me { id role } }';
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:');
    for (const query of [NAMED, FAILING_ALIAS]) for (let i = 0; i < WARM_UP; i++) await laneOf({ query });
  });
  afterAll(() => server.close());

  async function laneOf(
    body: object,
    { path = '/graphql', accept }: { path?: string; accept?: string } = {},
  ): Promise<unknown> {
    const requestId = randomUUID();
    const start = endOfLog();
    await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': requestId,
        ...(accept === undefined ? {} : { accept }),
      },
      body: JSON.stringify(body),
    });
    const line = readLog(start).find((text) => text.includes(requestId) && text.includes('"operation"'));
    return line && JSON.parse(line).lane;
  }

  async function respond(path: string, body: Params | string, token?: string) {
    const requestId = randomUUID();
    const start = endOfLog();
    const startedAt = performance.now();
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': requestId,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const elapsed = performance.now() - startedAt;
    const log = readLog(start)
      .filter((line) => line.includes(requestId) && !line.includes('"request"'))
      .map((line) => ({ ...JSON.parse(line.replaceAll(requestId, '')), time: 0, err: null }));
    for (const { durationMs = 0 } of log) expect(durationMs).toBeLessThan(elapsed + 1);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.json(),
      log: log.map((line) => ({ ...line, durationMs: 0 })),
    };
  }

  async function expectAlike(body: Params | string, token?: string) {
    const compiled = await respond('/graphql', body, token);
    const { log, ...response } = await respond('/graphql?lane=yoga', body, token);
    const inLane = (line: object) => ({ ...line, ...('lane' in line ? { lane: 'compiled' } : {}) });
    expect({ ...compiled, log: compiled.log.map(inLane) }).toEqual({ ...response, log: log.map(inLane) });
    return compiled;
  }

  test('does not change the response, nor the log', async () => {
    const { token } = await server.logIn('alice');
    for (const query of [NAMED, FAILING_ALIAS])
      for (const sent of [token, 'x', undefined]) await expectAlike({ query }, sent);
    const { users } = server.product.app.storage;
    const byId = users.byId;
    users.byId = async () => {
      throw new TypeError('a secret');
    };
    const { body, log } = await expectAlike({ query: FAILING_ALIAS }, token);
    users.byId = byId;
    expect(body.errors[0].extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(JSON.stringify(log)).toContain('unexpected failure');
  });

  test('does not change what operation is executed, nor its variables', async () => {
    const { token } = await server.logIn('bob');
    const operations = 'query A { me { id } } query B { me { role } }';
    const rename =
      'mutation ($profile: ProfileInput!) { updateProfile(profile: $profile) { user { nickName } } }';
    const profile = { nickName: 'Bob' };
    for (let i = 0; i < WARM_UP; i++) {
      await respond('/graphql', { query: operations, operationName: 'B' }, token);
      await respond('/graphql', { query: rename, variables: { profile } }, token);
    }
    const named = await expectAlike({ query: operations, operationName: 'B' }, token);
    expect(named).toMatchObject({ body: { data: { me: { role: 'USER' } } }, log: [{ lane: 'compiled' }] });
    const renamed = await expectAlike({ query: rename, variables: { profile } }, token);
    expect(renamed.body.data).toEqual({ updateProfile: { user: profile } });
    expect(renamed.log).toMatchObject([{ lane: 'compiled' }]);
    for (const variables of [{ profile: { nickName: 7 } }, { profile: null }, {}, null])
      expect((await expectAlike({ query: rename, variables }, token)).status).toBe(400);
  });

  test('does not read the token of an operation that needs none', async () => {
    const { token } = await server.logIn('carol');
    const login = { query: 'mutation Carol { login(code: "dev:carol") { isNewUser } }' };
    for (let i = 0; i < WARM_UP; i++) await respond('/graphql', login, token);
    const { users } = server.product.app.storage;
    const byId = users.byId;
    let reads = 0;
    users.byId = (id) => {
      reads += 1;
      return byId(id);
    };
    const { log } = await respond('/graphql', login, token);
    users.byId = byId;
    expect([log.map(({ lane }) => lane), reads]).toEqual([['compiled'], 0]);
  });

  test('is none for another method than POST, though it has a body', async () => {
    const status = async (method: string) => {
      const headers = { 'content-type': 'application/json' };
      const request = { method, headers, body: JSON.stringify({ query: NAMED }) };
      const connection = { requestId: method, address: '127.0.0.1' };
      return (await server.product.app.fetch('http://localhost/graphql', request, connection)).status;
    };
    expect([await status('POST'), await status('PUT')]).toEqual([200, 405]);
  });

  test('is none for a body that is not declared as JSON', async () => {
    for (const type of ['text/plain; application/json', 'text/plain', 'application/jsonx']) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: JSON.stringify({ query: NAMED }),
      });
      expect([type, response.status]).toEqual([type, 415]);
    }
  });

  test.each([
    '',
    'null',
    '[]',
    '7',
    '"text"',
    '{',
    '{"query":7}',
    `[${JSON.stringify({ query: '{ me { id } }' })}]`,
    '{"query":"query Me { me { id } }"} x',
    '\ufeff{"query":"query Me { me { id } }"}',
    '{"query":"query Me { me { id } }","query":"{ __typename }"}',
    '{"__proto__":{"query":"query Me { me { id } }"}}',
  ])('does not change the response to the body %j', async (body) => {
    await expectAlike(body);
  });

  test('is that of compiled documents for persisted ones too', async () => {
    const open = await startServer('file::memory:', { PERSISTED_DOCUMENTS: writeDocuments() });
    const before = server;
    server = open;
    try {
      const documentId = PERSISTED_IDS.get('{ me { id } }');
      for (let i = 0; i < WARM_UP; i++) await laneOf({ documentId });
      expect(await laneOf({ documentId })).toBe('compiled');
      for (const body of [{ documentId }, { documentId: 'x' }, { query: '{ me { id } }' }, {}])
        await expectAlike(body);
      expect((await expectAlike({ query: '{ me { id } }' })).body.errors[0].extensions.code).toBe(
        'PERSISTED_DOCUMENT_REQUIRED',
      );
    } finally {
      server = before;
      await open.close();
    }
  });

  test('is that of compiled documents from the 13th time that a document is sent', async () => {
    const lanes: unknown[] = [];
    for (let i = 0; i < WARM_UP; i++) lanes.push(await laneOf({ query: OTHER }));
    expect(lanes).toEqual([...Array(12).fill('yoga'), 'compiled', 'compiled']);
  });

  test.each([
    [{}, {}],
    [{ operationName: 'Me' }, {}],
    [{ operationName: null, variables: null }, {}],
    [{ variables: {} }, {}],
    [{ variables: { unknown: 1 } }, {}],
    [{}, { accept: '*/*' }],
    [{}, { accept: 'application/json' }],
    [{}, { accept: 'application/json, text/plain, */*' }],
  ])('is that of compiled documents with %j and %j', async (members, options) => {
    expect(await laneOf({ query: NAMED, ...members }, options)).toBe('compiled');
  });

  test.each([
    [{ operationName: 'Other' }, {}],
    [{ operationName: '' }, {}],
    [{ operationName: 7 }, {}],
    [{ variables: [] }, {}],
    [{ variables: 'text' }, {}],
    [{ documentId: 'x' }, {}],
    [{ extensions: {} }, {}],
    [{ query: ` ${NAMED}` }, {}],
    [{}, { path: '/graphql?a=b' }],
    [{}, { accept: 'application/graphql-response+json' }],
    [{}, { accept: 'application/json;q=0.5' }],
  ])('is that of Yoga with %j and %j', async (members, options) => {
    expect(await laneOf({ query: NAMED, ...members }, options)).not.toBe('compiled');
  });
});

/** Tokens of a user, an admin, a disabled user and one who logged out. */
async function createUsers(databaseUrl: string): Promise<string[]> {
  const server = await startServer(databaseUrl);
  const [alice, admin, disabled, loggedOut] = await Promise.all(
    ['alice', 'admin', 'disabled', 'logged-out'].map((name) => server.logIn(name)),
  );
  await server.product.login('dev:bob', { appId: SECOND_APP_ID });
  if (!alice || !admin || !disabled || !loggedOut) throw new Error('no users');
  const { users } = server.product.app.storage;
  await users.setRole(admin.id, 'ADMIN');
  await users.setDisabled(disabled.id, true);
  await server.post('mutation { logout { user { id } } }', { token: loggedOut.token });
  await server.close();
  return [alice, alice, admin, disabled, loggedOut].map(({ token }) => token);
}

function writeDocuments(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'documents.json');
  const byId = DOCUMENTS.map(({ query }) => [PERSISTED_IDS.get(query), query]);
  writeFileSync(path, JSON.stringify(Object.fromEntries(byId)));
  return path;
}

/** lastLoginAt changes with each login, and WeChat gives each call a rid. */
function withoutChance(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutChance);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'lastLoginAt' || name === 'rid' ? typeof member : withoutChance(member),
    ]),
  );
}

function countCompiled(): number {
  const log = readFileSync(`.test-output/log-${process.pid}.ndjson`, 'utf8');
  return log.split('"lane":"compiled"').length - 1;
}
