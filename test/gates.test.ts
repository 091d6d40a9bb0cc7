import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.ts';
import { createDocuments } from '../src/graphql/documents.ts';
import { publicMessage } from '../src/graphql/messages.ts';
import { buildSchema } from '../src/schema/index.ts';
import { codeOf, environment } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

function many(count: number, write: (i: number) => string) {
  return Array.from({ length: count }, (_, i) => write(i)).join(' ');
}

/** 100 times 49 fields and once 1, then `length` and 1. */
function fieldsInLists(length: number) {
  return `{ users(first: 100) { ${many(49, (i) => `x${i}`)} } b: users(last: ${length}) { x } }`;
}

describe('the limits of queries, over HTTP', () => {
  let server: Server;
  let production: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:');
    production = await startServer('file::memory:', { INTROSPECTION: '0', GRAPHIQL: '0' });
  });
  afterAll(() => Promise.all([server.close(), production.close()]));

  const refusal = async (query: string, variables?: unknown) => {
    const { status, errors, data } = await server.post(query, { variables });
    return [status, errors?.[0]?.extensions.code, data];
  };
  const TOO_COMPLEX = [200, 'QUERY_TOO_COMPLEX', undefined];

  test.each([
    ['1001 tokens', `{ ${'__typename '.repeat(999)}}`],
    ['2001 lines', `${'\n'.repeat(2000)}{ me { id } }`],
    ['20,000 comments', `${'#\r'.repeat(20_000)}{ me { id } }`],
    ['20,000 tokens', `{ ${'a '.repeat(20_000)}}`],
    ['30,000 brackets', `{ me(a: ${'['.repeat(30_000)}`],
    ['a depth of 9', `{${'a{'.repeat(8)}a${'}'.repeat(8)}}`],
    [
      'a depth of 9 by fragments',
      `{...F0} ${many(9, (i) => `fragment F${i} on Q { a { ...F${i + 1} } }`)} fragment F9 on Q { a }`,
    ],
    ['a depth of 9 in a fragment that is not used', `{a} fragment F on Q ${'{a'.repeat(9)}${'}'.repeat(9)}`],
    ['a depth of 9 by inline fragments', `${'{... on Q {a'.repeat(9)}${'}}'.repeat(9)}`],
    ['16 aliases', `{ ${many(16, (i) => `a${i}: me { id }`)} }`],
    ['16 aliases of __typename', `{ ${many(16, (i) => `a${i}: __typename`)} }`],
    [
      'lists that multiply',
      `{ ${many(15, (i) => `a${i}: users(first: 100) { edges { node { linkedAccounts { id } } } }`)} }`,
    ],
    [
      'lists of a length in a variable',
      `query ($n: Int) { ${many(15, (i) => `a${i}: users(last: $n) { edges { node { id nickName role } } }`)} }`,
    ],
    ['16 aliases below', `{ me { ${many(16, (i) => `a${i}: id`)} } }`],
    [
      '16 aliases by spreads',
      `{ a: me {...F} b: me {...F} } fragment F on User { ${many(7, (i) => `c${i}: id`)} }`,
    ],
    [
      'aliases that double eight times',
      `{ ...F0 } ${many(8, (i) => `fragment F${i} on Query { a: me { ...F${i + 1} } b: me { ...F${i + 1} } }`)} fragment F8 on Query { a }`,
    ],
    ['151 fields', `{ me { ${many(150, (i) => `x${i}`)} } }`],
    ['one field 31 times', `{ ${'me { id } '.repeat(31)} }`],
    [
      'one field 31 times in fragments',
      `{ me { ...F ...G } } fragment F on User { ${'id '.repeat(16)} } fragment G on User { ${'id '.repeat(15)} }`,
    ],
    ['one alias 31 times', `{ ${'a: me { id } '.repeat(31)} }`],
    ['151 spreads', `{ me { ${'...F '.repeat(149)} } } fragment F on User { id }`],
    ['151 inline fragments', `{ ${'... { me } '.repeat(76)} }`],
    ['21 directives', `{ me { id ${'@skip(if: false) '.repeat(21)} } }`],
    ['21 directives on spreads', `{ ${'... @include(if: true) { a } '.repeat(21)} }`],
    ['21 directives on variables', `query ($a: Int ${'@b '.repeat(21)}) { a }`],
    [
      '21 directives on an operation and its variables',
      `query ($a: Int ${'@b '.repeat(10)}) ${'@b '.repeat(11)} { a }`,
    ],
    ['5001 fields in lists', fieldsInLists(99)],
    ['lists of the default length in lists', '{ users(first: 100) { users { x y z } } }'],
  ])('%s: QUERY_TOO_COMPLEX', async (_name, query) => {
    expect(await refusal(query)).toEqual(TOO_COMPLEX);
  });

  test.each([
    ['1000 tokens', `{ me(a: [${'1 '.repeat(991)}]) }`],
    ['a depth of 8', `{${'a{'.repeat(7)}a${'}'.repeat(7)}}`],
    ['150 fields', `{ me { ${many(149, (i) => `x${i}`)} } }`],
    ['one field 30 times', `{ me { ${'x '.repeat(30)} } }`],
    ['15 aliases', `{ ${many(15, (i) => `a${i}: x`)} }`],
    ['20 directives', `{ x ${'@b '.repeat(20)} }`],
    ['5000 fields in lists', fieldsInLists(98)],
    ['objects in lists', `{ users(first: 100) { x { ${many(48, (i) => `x${i}`)} } } }`],
    ['lists longer than they can be', `{ users(first: 1000) { ${many(49, (i) => `x${i}`)} } }`],
    ['lists of a negative length', `{ users(first: -1000) { ${many(49, (i) => `x${i}`)} } x }`],
  ])('%s are within the limits', async (_name, query) => {
    expect(await refusal(query)).toEqual([200, 'GRAPHQL_VALIDATION_FAILED', undefined]);
  });

  test.each(['\n', '\r', '\r\n'])('2000 lines that end with %j are within the limits', async (end) => {
    expect((await refusal(`${end.repeat(1999)}{ me { id } }`))[1]).toBe('UNAUTHENTICATED');
    expect(await refusal(`${end.repeat(2000)}{ me { id } }`)).toEqual(TOO_COMPLEX);
  });

  test('the message says which limit was exceeded', async () => {
    const messages = [
      `{ ${'__typename '.repeat(999)}}`,
      `{${'a{'.repeat(8)}a${'}'.repeat(8)}}`,
      `{ me { ${many(150, (i) => `x${i}`)} } }`,
      `{ me { ${'x '.repeat(31)} } }`,
      `{ ${many(16, (i) => `a${i}: x`)} }`,
      fieldsInLists(99),
      `{ x ${'@b '.repeat(21)} }`,
    ].map(async (query) => (await server.post(query)).errors?.[0]?.message.replace(/:.*/, ''));
    expect(await Promise.all(messages)).toEqual([
      'The query has more than 1000 tokens',
      'The query is nested deeper than 8 levels',
      'The query has more than 150 fields and fragments',
      'The query repeats one field more than 30 times',
      'The query has more than 15 aliases',
      'The query asks for more than 5000 fields in lists',
      'The query has more than 20 directives',
    ]);
  });

  test('an error has the path and the position of its field', async () => {
    const { errors } = await server.post('{ me { id } }');
    expect(errors).toMatchObject([{ path: ['me'], locations: [{ line: 1, column: 3 }] }]);
    const invalid = await server.post('{ me { id\n ');
    expect(invalid.errors).toMatchObject([{ locations: [{ line: 2, column: 2 }] }]);
  });

  test('a misspelt name gets a suggestion, outside production', async () => {
    const messages = async (query: string, variables?: unknown) =>
      (await server.post(query, { variables })).errors?.map(({ message }) => message);
    expect(await messages('{ mee { id } }')).toEqual([
      'Cannot query field "mee" on type "Query". Did you mean "me"?',
    ]);
  });

  test('a POST is executed whatever parameters its URL has', async () => {
    for (const search of ['?variables=x', '?extensions={', '?documentId=x']) {
      const response = await fetch(`${server.url}/graphql${search}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    }
  });

  test('a query below every limit is executed', async () => {
    const { data, errors } = await server.post(
      `{ ${many(15, (i) => `a${i}: __typename`)} ... @include(if: true) { __typename } }`,
    );
    expect(errors).toBeUndefined();
    expect(Object.keys(data ?? {})).toHaveLength(16);
  });

  test.each([
    ['a cycle of one fragment', 'query { ...F } fragment F on Query { ...F }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a cycle of two',
      '{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a cycle with fields', '{ ...F } fragment F on Query { me { ...F } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['no GraphQL', 'hello', 'GRAPHQL_PARSE_FAILED'],
    ['nothing', ' ', 'GRAPHQL_PARSE_FAILED'],
    ['half an operation', '{ me { id }', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ mee }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown fragment', '{ ...Missing }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a message about tokens in the document',
      '{ "Syntax Error: Document contains more that 5 tokens" }',
      'GRAPHQL_PARSE_FAILED',
    ],
    ['a subscription', 'subscription { me }', 'BAD_USER_INPUT'],
    ['a schema definition', 'type A { a: Int }', 'OPERATION_RESOLUTION_FAILURE'],
    [
      'two operations and no name',
      'query A { __typename } query B { __typename }',
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['an unknown variable type', 'query ($a: Nothing) { __typename }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable that is missing', 'query ($id: ID!) { user(id: $id) { id } }', 'BAD_USER_INPUT'],
  ])('%s has its code', async (_name, query, code) => {
    const [status, ...rest] = await refusal(query);
    expect(rest).toEqual([code, undefined]);
    expect([200, 400]).toContain(status);
  });

  test('an invalid document stays invalid, however often it is sent', async () => {
    for (let i = 0; i < 15; i++)
      expect((await refusal('{ me { id nothing } }'))[1]).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test('a subscription is rejected alike, however often it is sent', async () => {
    const first = await refusal('subscription { me { id } }');
    for (let i = 0; i < 15; i++) expect(await refusal('subscription { me { id } }')).toEqual(first);
  });

  test('introspection may be deeper than a query', async () => {
    const deep = `${'{ ofType '.repeat(9)}{ name }${' }'.repeat(9)}`;
    const { data, errors } = await server.post(`{ __type(name: "User") ${deep} }`);
    expect([data, errors]).toEqual([{ __type: { ofType: null } }, undefined]);
  });

  test('the errors are the same for application/graphql-response+json, with status 4xx', async () => {
    for (const query of [
      'hello',
      '{ mee }',
      `{ ${'a '.repeat(2000)} }`,
      `{ ${many(16, (i) => `a${i}: me { id }`)} }`,
    ]) {
      const { status } = await server.post(query, {
        headers: { accept: 'application/graphql-response+json' },
      });
      expect(status).toBe(400);
    }
  });

  test('variables: one error is reported, shortened; 501 values are too many', async () => {
    const login = 'mutation ($u: UserInfoInput) { login(code: "", userInfo: $u) { token } }';
    const unknown = (count: number) =>
      server.post(login, {
        variables: { u: Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, 1])) },
      });
    const { status, errors = [] } = await unknown(400);
    expect([status, errors.length, errors[0]?.extensions.code]).toEqual([400, 1, 'BAD_USER_INPUT']);
    expect(errors[0]?.message.length).toBeLessThan(310);
    expect(errors[0]?.message).toMatch(/Field "a\d+" is not defined by type "UserInfoInput"/);
    expect(codeOf(await unknown(499))).toBe('BAD_USER_INPUT');
    expect(codeOf(await unknown(500))).toBe('QUERY_TOO_COMPLEX');
    const withNull = { u: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i, 1])), code: null };
    expect(codeOf(await server.post(login, { variables: withNull }))).toBe('QUERY_TOO_COMPLEX');
    const deep = { u: JSON.parse(`${'['.repeat(600)}${']'.repeat(600)}`) };
    expect(codeOf(await server.post(login, { variables: deep }))).toBe('QUERY_TOO_COMPLEX');
    const nickName = 'x'.repeat(60_000);
    const long = await server.post(login, { variables: { u: { nickName: [nickName] } } });
    expect(codeOf(long)).toBe('BAD_USER_INPUT');
    expect(long.errors?.[0]?.message.length).toBeLessThan(310);
  });

  test('a batch of requests is rejected', async () => {
    const body = JSON.stringify(Array(3).fill({ query: '{ __typename }' }));
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([
      400,
      'BAD_REQUEST',
    ]);
  });

  test('INTROSPECTION=0 rejects introspection in every form', async () => {
    for (const query of [
      getIntrospectionQuery(),
      '{ __schema { queryType { name } } }',
      '{ a: __type(name: "User") { name } }',
      '{ ...F } fragment F on Query { __schema { types { name } } }',
    ]) {
      expect(codeOf(await server.post('{ __typename }'))).toBeUndefined();
      const { data, errors } = await production.post(query);
      expect([data, errors?.[0]?.extensions.code]).toEqual([undefined, 'GRAPHQL_VALIDATION_FAILED']);
    }
    expect((await production.post('{ __typename }')).data).toEqual({ __typename: 'Query' });
    const page = await fetch(`${production.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toMatch(/graphiql/i);
    expect(page.status).toBeGreaterThanOrEqual(400);
  });

  test('with introspection, the query of GraphiQL is executed', async () => {
    const all = { inputValueDeprecation: true, schemaDescription: true, specifiedByUrl: true, oneOf: true };
    expect(codeOf(await server.post(getIntrospectionQuery(all)))).toBeUndefined();
  });

  test('a document is cached when it is valid and sent again; others do not evict it', () => {
    const gates = createDocuments({ schema: buildSchema(), introspection: true, suggestions: true });
    expect(gates.validate(gates.parse('{ me { id } }'))).toEqual([]);
    const good = gates.parse('{ me { id } }');
    expect(gates.validate(good)).toEqual([]);
    expect(gates.parse('{ me { id } }')).toBe(good);
    for (let i = 0; i < 5000; i++) gates.validate(gates.parse(`{ once${i}: me { id } }`));
    expect(gates.cacheStatistics()).toMatchObject({ documents: 1, hits: 1 });
    for (let i = 0; i < 2000; i++) {
      const bad = gates.parse(`{ bad${i} }`);
      expect(gates.validate(bad).length).toBe(1);
      expect(gates.parse(`{ bad${i} }`)).not.toBe(bad);
    }
    expect(gates.parse('{ me { id } }')).toBe(good);
  });
});

describe('the cache of documents', () => {
  const open = () => createDocuments({ schema: buildSchema(), introspection: true, suggestions: true });
  const send = ({ parse, validate }: ReturnType<typeof open>, source: string, times = 1) => {
    for (let i = 0; i < times; i++) expect(validate(parse(source))).toEqual([]);
  };

  test('holds eight megabytes, counted by the length and the tokens of the documents', () => {
    const documents = open();
    // With the tokens that begin and end a document, and its comments.
    const source = (i: number) => `{ a${i}: me { id } }${'#\n'.repeat(1000)}`;
    const bytes = 2 * source(10).length + 500 + 1010 * 500;
    send(documents, source(10), 2);
    expect(documents.cacheStatistics()).toEqual({ hits: 0, misses: 2, documents: 1, bytes });
    for (let i = 11; i < 51; i++) send(documents, source(i), 2);
    const count = Math.floor((8 * 1024 * 1024) / bytes);
    expect(documents.cacheStatistics()).toMatchObject({ documents: count, bytes: count * bytes });
  });

  test('compiles a document that was sent again ten times, each operation once', () => {
    const documents = open();
    const source = 'query A { me { id } } query B { me { role } }';
    send(documents, source, 2);
    for (let i = 0; i < 10; i++) {
      expect(documents.compiledOperation(source, 'A')).toBeUndefined();
      send(documents, source);
    }
    const compiled = documents.compiledOperation(source, 'A');
    expect(compiled?.description).toEqual({ name: 'A', type: 'query' });
    expect(documents.compiledOperation(source, 'A')).toBe(compiled);
    expect(documents.compiledOperation(source, 'B')?.description.name).toBe('B');
    expect(documents.cacheStatistics()).toMatchObject({ hits: 13, misses: 2 });
    for (const name of ['C', '', null]) expect(documents.compiledOperation(source, name)).toBeUndefined();
    expect(documents.compiledOperation('{ me { id } }', null)).toBeUndefined();
    expect(documents.cacheStatistics()).toMatchObject({ hits: 13, misses: 2 });
  });

  test.each([
    '{ __typename me { id } }',
    '{ ... on Query { me { id } } }',
    '{ ...F } fragment F on Query { me { id } }',
    '{ me { id @include(if: true) } }',
    '{ me { ...F } } fragment F on User { id @skip(if: false) }',
    'mutation { a: logout { user { id } } logout { user { id } } }',
  ])('does not compile %s', (source) => {
    const documents = open();
    send(documents, source, 12);
    for (let i = 0; i < 2; i++) expect(documents.compiledOperation(source, null)).toBeUndefined();
    expect(documents.cacheStatistics()).toMatchObject({ hits: 10 });
  });

  test.each([
    '{ me { id } __typename }',
    '{ me { ...F } } fragment F on User { id }',
    'mutation { logout { user { id } } }',
  ])('compiles %s', (source) => {
    const documents = open();
    send(documents, source, 12);
    expect(documents.compiledOperation(source, null)).toBeDefined();
  });
});

test('a long message is cut in the middle, and its suggestions are removed from the end', () => {
  const message = `${'a'.repeat(150)}${'b'.repeat(150)}`;
  expect(publicMessage(message, true)).toBe(message);
  expect(publicMessage(`${message}c`, true)).toBe(`${'a'.repeat(150)} … ${'b'.repeat(149)}c`);
  const suggesting = 'Unknown "x". Did you mean "y"?';
  expect(publicMessage(suggesting, true)).toBe(suggesting);
  expect(publicMessage(suggesting, false)).toBe('Unknown "x".');
  expect(publicMessage(' Did you mean "y"?', false)).toBe('');
  for (const other of ['? Did you mean "y".', 'Which?', 'Unknown "x".'])
    expect(publicMessage(other, false)).toBe(other);
});

describe('production', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:', { NODE_ENV: 'production', MIGRATE_ON_START: '1' });
  });
  afterAll(() => server.close());

  test.each([
    ['a field', '{ mee { id } }', undefined],
    ['an argument', 'mutation { login(cod: "x") { token } }', undefined],
    ['a type', 'query ($a: UserInfoInpu) { __typename }', undefined],
    ['a fragment', '{ ... on Quer { __typename } }', undefined],
    ['a directive', '{ __typename @skipp(if: true) }', undefined],
    [
      'an input field in the query',
      'mutation { updateProfile(profile: { nickNam: "x" }) { id } }',
      undefined,
    ],
    [
      'an input field in a variable',
      'mutation ($p: ProfileInput!) { updateProfile(profile: $p) { id } }',
      { p: { nickNam: 'x' } },
    ],
    ['an enum value', 'mutation { setUserRole(id: "1", role: ADMI) { id } }', undefined],
    [
      'an enum value in a variable',
      'mutation ($role: UserRole!) { setUserRole(id: "1", role: $role) { id } }',
      { role: 'ADMI' },
    ],
  ])('a misspelt name of %s gets no suggestion', async (_name, query, variables) => {
    const { errors = [] } = await server.post(query, { variables });
    expect(errors.length).toBeGreaterThan(0);
    for (const { message, extensions } of errors) {
      expect(message).not.toMatch(/did you mean|nickName|ADMIN|UserInfoInput|skip"|login\(code/i);
      expect(['GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']).toContain(extensions.code);
    }
  });

  test('introspection and GraphiQL are off by default', () => {
    const config = (more: Record<string, string>) => {
      const { graphql, http } = readConfig(
        environment({ NODE_ENV: 'production', DATABASE_URL: 'file:x', ...more }),
      );
      return [graphql.introspection, http.graphiql, graphql.suggestions];
    };
    expect(config({})).toEqual([false, false, false]);
    expect(config({ INTROSPECTION: '1' })).toEqual([true, false, false]);
    expect(config({ GRAPHIQL: '1' })).toEqual([true, true, false]);
    expect(config({ NODE_ENV: 'development' })).toEqual([true, true, true]);
  });
});

test('PERSISTED_DOCUMENTS accepts only documents of the list', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'weapp-login-')), 'documents.json');
  writeFileSync(file, JSON.stringify({ one: 'query ($a: Boolean = true) { __typename @include(if: $a) }' }));
  const server = await startServer('file::memory:', { PERSISTED_DOCUMENTS: file });
  const post = async (body: object) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { data, errors } = await response.json();
    return errors?.[0].extensions.code ?? data;
  };
  expect(await post({ documentId: 'one' })).toEqual({ __typename: 'Query' });
  expect(await post({ documentId: 'one', variables: { a: false } })).toEqual({});
  const byGet = await fetch(`${server.url}/graphql?documentId=one`, {
    headers: { accept: 'application/json' },
  });
  expect(await byGet.json()).toEqual({ data: { __typename: 'Query' } });
  for (const body of [
    { query: '{ __typename }' },
    { documentId: 'two' },
    { documentId: '__proto__' },
    { documentId: 'one', query: '{ me { id } }' },
    { documentId: ['one'] },
    { query: 'hello' },
    {},
  ])
    expect(await post(body), JSON.stringify(body)).toBe('PERSISTED_DOCUMENT_REQUIRED');
  await server.close();
  const production = await startServer('file::memory:', {
    NODE_ENV: 'production',
    DATABASE_URL: 'file::memory:',
    MIGRATE_ON_START: '1',
    PERSISTED_DOCUMENTS: file,
  });
  const getInProduction = async (search: string) => {
    const response = await fetch(`${production.url}/graphql?${search}`, {
      headers: { accept: 'application/json' },
    });
    return [response.status, (await response.json()).data];
  };
  expect(await getInProduction('documentId=one')).toEqual([200, { __typename: 'Query' }]);
  for (const search of ['', 'query={__typename}', 'documentId=one&query={__typename}'])
    expect(await getInProduction(search)).toEqual([405, undefined]);
  await production.close();
  expect(() => readConfig(environment({ PERSISTED_DOCUMENTS: '/nowhere.json' }))).toThrow(
    /is not the path of a readable JSON file/,
  );
});
