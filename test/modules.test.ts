import { EventEmitter, once } from 'node:events';
import { sql } from 'drizzle-orm';
import { type GraphQLSchema, printSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModuleError } from '../src/errors/module-error.ts';
import { assemble } from '../src/modules/assembly.ts';
import { type DefinedModule, defineModule, type Module } from '../src/modules/module.ts';
import { createLog } from '../src/ops/log.ts';
import type { Builder } from '../src/schema/builder.ts';
import { buildSchema } from '../src/schema/index.ts';
import { createTestServer, type TestClient, type TestServer } from '../src/testing/index.ts';
import { DATABASES, definitionsIn, runAnySql } from './support/databases.ts';
import { EDITOR, notesModule } from './support/notes-module.ts';

const ADD = 'mutation ($text: String!) { addNote(text: $text) { note { id text } } }';
const NOTES = 'query Notes { notes(first: 20) { edges { node { text } } } }';

/** A log, and its lines. */
function recordLog() {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLog('trace', { write: (line) => void lines.push(JSON.parse(line)) }) };
}

describe.each(DATABASES)('a module on $name', ({ create }) => {
  const notes = notesModule();
  const { lines, log } = recordLog();
  let url: string;
  let server: TestServer;
  let alice: TestClient;
  let bob: TestClient;
  beforeAll(async () => {
    url = await create();
    server = await createTestServer({ modules: [notes.module], environment: { DATABASE_URL: url }, log });
    [alice, bob] = [await server.as('alice'), await server.as('bob')];
    for (const text of ['one', 'two']) await alice.request(ADD, { text });
  });
  afterAll(() => server.close());

  test('has a table of its own, and fields of its own that need a login', async () => {
    expect(await alice.request(NOTES)).toEqual({
      data: { notes: { edges: [{ node: { text: 'one' } }, { node: { text: 'two' } }] } },
      errors: [],
    });
    expect((await bob.request(NOTES)).data).toEqual({ notes: { edges: [] } });
    const { data, errors } = await server.anonymous.request(NOTES);
    expect(data).toEqual({ notes: null });
    expect(errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', action: 'RELOGIN' });
    expect((await server.anonymous.request('{ notesOfTheDay }')).data).toEqual({ notesOfTheDay: 2 });
  });

  test('pages its lists as ours are paged, with the same errors', async () => {
    const page = (args: string) =>
      alice.request<{ notes: { edges: { cursor: string; node: object }[] } }>(
        `{ notes(${args}) { edges { cursor node { text } } } }`,
      );
    const first = await page('first: 1');
    expect(first.data?.notes.edges).toMatchObject([{ node: { text: 'one' } }]);
    const cursor = first.data?.notes.edges[0]?.cursor;
    expect((await page(`first: 1, after: "${cursor}"`)).data?.notes.edges).toMatchObject([
      { node: { text: 'two' } },
    ]);
    for (const wrong of ['first: 101', 'first: 0', 'after: "x"'])
      expect((await page(wrong)).errors[0]?.extensions.code, wrong).toBe('BAD_USER_INPUT');
  });

  test('adds a field to User, which is loaded once for all users of a list', async () => {
    expect((await alice.request('{ me { notes { text } } }')).data).toEqual({
      me: { notes: [{ text: 'one' }, { text: 'two' }] },
    });
    await server.grant('admin', 'ADMIN');
    const admin = await server.as('admin');
    notes.loads.length = 0;
    const { data } = await admin.request('{ users { edges { node { notes { text } } } } }');
    expect(data).toMatchObject({ users: { edges: { length: 3 } } });
    expect(notes.loads).toEqual([expect.objectContaining({ length: 3 })]);
  });

  test('has an error code of its own, as finished as ours', async () => {
    const carol = await server.as('carol');
    for (let i = 0; i < 3; i++) await carol.request(ADD, { text: 'x' });
    const { errors } = await carol.request(ADD, { text: 'x' });
    expect(errors).toEqual([
      expect.objectContaining({
        message: 'You have 3 notes already: remove one.',
        path: ['addNote'],
        extensions: { code: 'NOTES_TOO_MANY', action: 'STOP' },
      }),
    ]);
    expect(lines).toContainEqual(expect.objectContaining({ codes: [['addNote', 'NOTES_TOO_MANY']] }));
    const page = await server.anonymous.fetch('/errors');
    expect(await page.text()).toContain('NOTES_TOO_MANY');
  });

  test('has a role of its own, which admins and the command line grant', async () => {
    const all = '{ allNotes { text } }';
    await server.grant('editor', EDITOR);
    const [editor, admin] = [await server.as('editor'), await server.as('admin')];
    expect((await editor.request(all)).errors).toEqual([]);
    expect((await admin.request(all)).errors).toEqual([]);
    expect((await alice.request(all)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await editor.request('{ me { role } users { totalCount } }')).data).toEqual({
      me: { role: 'EDITOR' },
      users: null,
    });
    const set = await admin.request(
      `mutation { setUserRole(id: "${bob.id}", role: EDITOR) { user { role } } }`,
    );
    expect(set.data).toEqual({ setUserRole: { user: { role: 'EDITOR' } } });
    expect((await bob.request(all)).errors).toEqual([]);
  });

  test('runs in the compiled lane once a document is sent often', async () => {
    for (let i = 0; i < 15; i++) await alice.request(NOTES);
    const lanes = lines.flatMap(({ operation, lane }) =>
      JSON.stringify(operation)?.includes('"Notes"') ? [lane] : [],
    );
    expect(lanes.at(-1)).toBe('compiled');
    expect((await alice.request(NOTES)).data).toEqual({
      notes: { edges: [{ node: { text: 'one' } }, { node: { text: 'two' } }] },
    });
  });

  test('is weighed by the complexity gate: its lists count with their length', async () => {
    const nested = (size: string) =>
      `{ ${'abcdefg'
        .split('')
        .map((alias) => `${alias}: notes${size} { edges { node { id text createdAt } cursor } }`)
        .join(' ')} }`;
    const { errors } = await alice.request(nested('(first: 100)'));
    expect(errors).toEqual([]);
    const more = `{ ${'abcdefghijkl'
      .split('')
      .map((alias) => `${alias}: notes(first: 100) { edges { node { id text createdAt } cursor } }`)
      .join(' ')} }`;
    expect((await alice.request(more)).errors[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
    expect((await alice.request(more.replaceAll('(first: 100)', ''))).errors).toEqual([]);
  });

  test('has routes, with the viewer and the services', async () => {
    const feed = await alice.fetch('/notes/feed?x=1', { method: 'POST', body: 'hello' });
    expect(feed.status).toBe(201);
    expect(Object.fromEntries(feed.headers)).toMatchObject({
      'x-notes': '1',
      'cache-control': 'max-age=60',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
    expect(await feed.json()).toEqual({ method: 'POST', text: 'hello', notes: ['one', 'two'] });
    const picture = await server.anonymous.fetch('/notes/picture');
    expect(new Uint8Array(await picture.arrayBuffer())).toEqual(new Uint8Array([0, 255, 1]));
    const bytes = new Uint8Array([0, 200, 255, 10]);
    const echo = await alice.fetch('/notes/echo/x', { method: 'PUT', body: bytes });
    expect(new Uint8Array(await echo.arrayBuffer())).toEqual(bytes);
    const cookies = await alice.fetch('/notes/cookies', { redirect: 'manual' });
    expect([cookies.status, cookies.headers.get('location')]).toEqual([302, '/notes/cookies']);
    expect(cookies.headers.getSetCookie()).toEqual(['a=1', 'b=2; Path=/']);
    expect((await alice.fetch('/notes/picture', { method: 'HEAD' })).headers.get('content-length')).toBe('3');
    const large = await alice.fetch('/notes/feed', { method: 'POST', body: 'x'.repeat(70_000) });
    expect(large.status).toBe(413);
    expect((await server.anonymous.fetch('/notes/other')).status).toBe(404);
    const framed = await server.anonymous.fetch('/notes/framed');
    expect(framed.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(framed.headers.get('x-content-type-options')).toBe('nosniff');
    const nothing = await server.anonymous.fetch('/notes/nothing');
    expect(nothing.status).toBe(500);
    expect(lines).toContainEqual(
      expect.objectContaining({
        err: expect.objectContaining({ message: 'the route returned no Response' }),
      }),
    );
    const broken = await server.anonymous.fetch('/notes/broken');
    expect(broken.status).toBe(500);
    expect(await broken.json()).toMatchObject({
      errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
  });

  test('a client error that a route throws is its response', async () => {
    const refused = await server.anonymous.fetch('/notes/feed');
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  test('a role whose module is gone is read as USER, with one line in the log', async () => {
    const { lines: later, log: laterLog } = recordLog();
    const without = await createTestServer({ environment: { DATABASE_URL: url }, log: laterLog });
    const editor = await without.as('editor');
    expect((await editor.request('{ me { role } }')).data).toEqual({ me: { role: 'USER' } });
    expect((await editor.request('{ me { role } }')).data).toEqual({ me: { role: 'USER' } });
    expect(later.filter(({ role }) => role === 'EDITOR')).toHaveLength(1);
    await without.close();
    expect(await runAnySql(url, "SELECT role FROM user WHERE role = 'EDITOR'")).toHaveLength(2);
  });
});

test('roles of the configuration are in the schema, and can be granted', async () => {
  const server = await createTestServer({ environment: { ROLES: 'SUPPORT,EDITOR_2' } });
  const { data } = await server.anonymous.request('{ __type(name: "UserRole") { enumValues { name } } }');
  expect(data).toEqual({
    __type: { enumValues: ['ADMIN', 'EDITOR_2', 'SUPPORT', 'USER'].map((name) => ({ name })) },
  });
  await server.close();
});

test('services are made in the order of the list, and closed in reverse order', async () => {
  const events: string[] = [];
  const record = (name: string, requires: string[] = []) =>
    defineModule({
      name,
      requires,
      services: async () => {
        events.push(`open ${name}`);
        return { [name]: 1 };
      },
      close: (own) => void events.push(`close ${Object.keys(own)}`),
    });
  const server = await createTestServer({ modules: [record('one'), record('two', ['one'])] });
  await server.close();
  expect(events).toEqual(['open one', 'open two', 'close two', 'close one']);
});

test('routes count for MAX_REQUESTS_IN_FLIGHT', async () => {
  const events = new EventEmitter();
  const entered = once(events, 'entered');
  const module = defineModule({
    name: 'slow',
    routes: {
      '/slow/request': async () => {
        const released = once(events, 'release');
        events.emit('entered');
        await released;
        return new Response('done');
      },
    },
  });
  const server = await createTestServer({
    modules: [module],
    environment: { MAX_REQUESTS_IN_FLIGHT: '1' },
  });
  const first = server.anonymous.fetch('/slow/request');
  await entered;
  const rejected = await server.anonymous.fetch('/slow/request');
  expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([
    503,
    expect.stringMatching(/^[123]$/),
  ]);
  events.emit('release');
  expect((await first).status).toBe(200);
  const again = server.anonymous.fetch('/slow/request');
  await once(events, 'entered');
  events.emit('release');
  expect((await again).status).toBe(200);
  await server.close();
});

test('code of a module that never ends gets status 503, and its place is given to others', async () => {
  const never = () => new Promise<never>(() => undefined);
  const module = defineModule({
    name: 'stuck',
    public: ['Query.stuck'],
    routes: { '/stuck/route': never },
    schema: (builder) => builder.queryField('stuck', (t) => t.int({ description: 'Never.', resolve: never })),
  });
  const server = await createTestServer({
    modules: [module],
    environment: { MAX_REQUESTS_IN_FLIGHT: '1', REQUEST_TIMEOUT_MS: '200' },
  });
  const query = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ stuck }"}',
  };
  const message = 'The request was not finished in time. Retry later.';
  for (const request of [
    () => server.anonymous.fetch('/stuck/route'),
    () => server.anonymous.fetch('/graphql', query),
  ]) {
    const response = await request();
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      errors: [{ message, extensions: { code: 'SERVICE_UNAVAILABLE', action: 'RETRY_LATER' } }],
    });
  }
  expect((await server.anonymous.request('{ __typename }')).data).toEqual({ __typename: 'Query' });
  await server.close();
});

test('what stands in the context is what services returned', async () => {
  const greeter = defineModule({
    name: 'greeter',
    public: ['Query.greeting'],
    services: () => ({ greet: () => 'hello' }),
    schema(builder) {
      builder.queryField('greeting', (t) =>
        t.string({
          description: 'A greeting.',
          resolve: (_root, _args, context) => ('greet' in context ? 'in the context' : 'missing'),
        }),
      );
    },
  });
  const server = await createTestServer({ modules: [greeter] });
  expect((await server.anonymous.request('{ greeting }')).data).toEqual({ greeting: 'in the context' });
  await server.close();
});

test('without modules the schema is that of schema.graphql, and each build is independent', () => {
  const print = (schema: GraphQLSchema) => printSchema(schema);
  expect(print(assemble([], []).schema)).toBe(print(buildSchema()));
  const { module } = notesModule();
  expect(print(assemble([module], []).schema)).toBe(print(assemble([module], []).schema));
  expect(print(assemble([], []).schema)).toBe(print(buildSchema()));
});

describe('the start fails and names the module if', () => {
  const base = { name: 'shop' };
  const field = (name: string, options: object) => (builder: Builder) =>
    builder.queryField(name, (t) => t.int({ description: 'A number.', ...options, resolve: () => 1 }));
  const never = () => new Promise<never>(() => undefined);

  const CASES: Record<string, [modules: DefinedModule[], message: RegExp]> = {
    'two modules have one name': [
      [defineModule(base), defineModule(base)],
      /^ModuleError: Module shop: the name is used twice/,
    ],
    'its name is invalid': [
      [defineModule({ name: 'My Shop' })],
      /^ModuleError: Module My Shop: the name is invalid/,
    ],
    'its name is that of our tables': [
      [defineModule({ name: 'user' })],
      /^ModuleError: Module user: the name is reserved/,
    ],
    'it was not made by defineModule': [
      [Object.assign(defineModule(base), { builtWith: undefined })],
      /^ModuleError: Module shop: was not made by defineModule/,
    ],
    'it was built with another major version': [
      [{ ...defineModule(base), builtWith: '7.1.0' }],
      /^ModuleError: Module shop: was built with weapp-login 7\.1\.0, which is not compatible with 0\.1\.0/,
    ],
    'a module that it requires does not stand before it': [
      [defineModule({ ...base, requires: ['pay'] }), defineModule({ name: 'pay' })],
      /^ModuleError: Module shop: requires pay: put it before shop/,
    ],
    'it redefines a type of ours': [
      [
        defineModule({
          ...base,
          schema: (builder) => builder.objectRef('User').implement({ fields: () => ({}) }),
        }),
      ],
      /^ModuleError: Module shop: its types do not fit into the schema: Duplicate typename: .*User/,
    ],
    'it redefines a field of ours': [
      [defineModule({ ...base, schema: field('me', { authScopes: { signedIn: true } }) })],
      /^ModuleError: Module shop: its types do not fit into the schema: Duplicate field .*me/,
    ],
    'it redefines a type of another module': [
      [
        defineModule({ name: 'one', schema: (builder) => builder.enumType('Color', { values: ['RED'] }) }),
        defineModule({ name: 'two', schema: (builder) => builder.enumType('Color', { values: ['RED'] }) }),
      ],
      /^ModuleError: Module two: its types do not fit/,
    ],
    'it redefines Query': [
      [defineModule({ ...base, schema: (builder) => void builder.queryType({ description: 'Mine.' }) })],
      /^ModuleError: Module shop: changes the type Query/,
    ],
    'it adds subscriptions': [
      [
        defineModule({
          ...base,
          schema(builder) {
            builder.subscriptionType({ description: 'Events.' });
            builder.subscriptionField('events', (t) =>
              t.int({
                description: 'Events.',
                authScopes: { signedIn: true },
                subscribe: never,
                resolve: () => 1,
              }),
            );
          },
        }),
      ],
      /^ModuleError: Module shop: adds a type Subscription/,
    ],
    'its schema is an async function': [
      [defineModule({ ...base, schema: async () => undefined })],
      /^ModuleError: Module shop: its types do not fit into the schema: `schema` is an async function/,
    ],
    'a root field has no scope': [
      [defineModule({ ...base, schema: field('orders', {}) })],
      /^ModuleError: Module shop: Query\.orders has no authScopes/,
    ],
    'its type has no fields': [
      [
        defineModule({
          ...base,
          schema: (builder) => builder.objectRef('Empty').implement({ fields: () => ({}) }),
        }),
      ],
      /^ModuleError: Module shop: its types do not fit into the schema: Type Empty must define one or more fields\.$/,
    ],
    'a root field is open by a scope that protects nothing': [
      [defineModule({ ...base, schema: field('orders', { authScopes: { $all: {} } }) })],
      /^ModuleError: Module shop: Query\.orders has no authScopes/,
    ],
    'a scope of a root field is false': [
      [defineModule({ ...base, schema: field('orders', { authScopes: { signedIn: false } }) })],
      /^ModuleError: Module shop: Query\.orders has no authScopes/,
    ],
    'it is not a module': [[JSON.parse('null')], /^ModuleError: Module \(without a name\): is not a module/],
    'it has no name': [
      [defineModule(JSON.parse('{}'))],
      /^ModuleError: Module \(without a name\): is not a module/,
    ],
    'its migrations are not a URL': [
      [defineModule(JSON.parse('{"name": "shop", "migrations": "./m"}'))],
      /^ModuleError: Module shop: `migrations` must be a URL: new URL/,
    ],
    'a route is not a function': [
      [defineModule(JSON.parse('{"name": "shop", "routes": {"/shop/x": "hello"}}'))],
      /^ModuleError: Module shop: `routes` must be an object of functions/,
    ],
    'an error code is null': [
      [defineModule(JSON.parse('{"name": "shop", "errors": {"SHOP_X": null}}'))],
      /^ModuleError: Module shop: `errors` must be an object of objects/,
    ],
    'services returns a text': [
      [defineModule({ ...base, services: () => JSON.parse('"abc"') })],
      /^ModuleError: Module shop: services\(\) must return an object/,
    ],
    'services fails in a statement, whose parameters are not shown': [
      [
        defineModule({
          ...base,
          async services({ database: { drizzle } }) {
            if (drizzle.dialect === 'sqlite') await drizzle.db.run(sql`select ${'canary'} from nosuch`);
            return {};
          },
        }),
      ],
      /^ModuleError: Module shop: services\(\) failed: database fault \(\w+\)$/,
    ],
    'a route has a * in the middle': [
      [defineModule({ ...base, routes: { '/shop/*/x': () => new Response() } })],
      /^ModuleError: Module shop: the route \/shop\/\*\/x has a \* that is not its last segment/,
    ],
    'it uses another copy of graphql': [
      [{ ...defineModule(base), errorClass: Error }],
      /^ModuleError: Module shop: uses another copy of graphql/,
    ],
    'a root field has empty scopes': [
      [defineModule({ ...base, schema: field('orders', { authScopes: {} }) })],
      /^ModuleError: Module shop: Query\.orders has no authScopes/,
    ],
    '`public` lists a field that it does not have': [
      [defineModule({ ...base, public: ['Query.me'] })],
      /^ModuleError: Module shop: `public` lists Query\.me/,
    ],
    'it has a role that exists': [
      [defineModule({ ...base, roles: { ADMIN: { description: 'All.' } } })],
      /^ModuleError: Module shop: the role ADMIN exists already/,
    ],
    'two modules have one role': [
      [notesModule().module, defineModule({ ...base, ...editorRole() })],
      /^ModuleError: Module shop: the role EDITOR exists already/,
    ],
    'an error code lacks its name': [
      [defineModule({ ...base, errors: { NOTES_TOO_MANY: { action: 'STOP', meaning: 'x' } } })],
      /^ModuleError: Module shop: the error code NOTES_TOO_MANY must begin with SHOP_/,
    ],
    'a route is not below its name': [
      [defineModule({ ...base, routes: { '/health': () => new Response() } })],
      /^ModuleError: Module shop: the route \/health is not below \/shop\//,
    ],
    'services throws': [
      [
        defineModule({
          ...base,
          services: () => {
            throw new TypeError('no such key');
          },
        }),
      ],
      /^ModuleError: Module shop: services\(\) failed: TypeError: no such key/,
    ],
    'services does not end': [
      [defineModule({ ...base, services: never })],
      /^ModuleError: Module shop: services\(\) did not finish/,
    ],
    'a service has the name of a member of the context': [
      [defineModule({ ...base, services: () => ({ users: 1 }) })],
      /^ModuleError: Module shop: the service users has the name of/,
    ],
    'two services have one name': [
      [
        defineModule({ ...base, services: () => ({ x: 1 }) }),
        defineModule({ name: 'two', services: () => ({ x: 1 }) }),
      ],
      /^ModuleError: Module two: the service x has the name of/,
    ],
  };

  function editorRole(): Pick<Module, 'roles'> {
    return { roles: notesModule().module.roles ?? {} };
  }

  test.each(Object.entries(CASES))('%s', async (_name, [modules, message]) => {
    const started = createTestServer({ modules }).then((server) => server.close());
    const failure: unknown = await started.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ModuleError);
    expect(String(failure)).toMatch(message);
  });

  test.each(DATABASES)(
    'nothing is changed by then on $name, and what was opened is closed',
    async ({ create }) => {
      const url = await create();
      const before = await definitionsIn(url);
      const closed: string[] = [];
      const other = defineModule({
        name: 'other',
        services: () => ({}),
        close: () => void closed.push('other'),
      });
      const start = (modules: DefinedModule[]) =>
        createTestServer({ modules, environment: { DATABASE_URL: url } });
      const wrong = defineModule({ ...base, schema: field('orders', {}) });
      await expect(start([other, wrong])).rejects.toThrow('Module shop');
      expect(await definitionsIn(url)).toEqual(before);
      expect(closed).toEqual([]);
      const failing = defineModule({ ...base, services: () => Promise.reject(new Error('down')) });
      await expect(start([other, failing])).rejects.toThrow('Module shop: services() failed: Error: down');
      expect(closed).toEqual(['other']);
      const server = await start([]);
      expect((await (await server.as('alice')).request('{ me { role } }')).errors).toEqual([]);
      await server.close();
    },
  );
});
