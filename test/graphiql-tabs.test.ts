import { createContext, runInContext } from 'node:vm';
import { type DocumentNode, Kind, parse, TypeInfo, validate, visit, visitWithTypeInfo } from 'graphql';
import { expect, test } from 'vitest';
import { createRenderer, GRAPHIQL_OPTIONS } from '../src/graphql/graphiql/page.ts';

import { buildSchema } from '../src/schema/index.ts';
import { listening } from './support/listening.ts';
import { startProduct } from './support/product.ts';

const schema = buildSchema();
const tabs = GRAPHIQL_OPTIONS.defaultTabs ?? [];
const NONE: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };
const documents = tabs.map(({ query }) => parse(query ?? ''));

/** The fields of Query and Mutation that a document asks for. */
function operationsIn(document: DocumentNode): string[] {
  const names: string[] = [];
  const info = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: ({ name }) => {
        const parent = info.getParentType();
        if (parent === schema.getQueryType() || parent === schema.getMutationType()) names.push(name.value);
      },
    }),
  );
  return names;
}

test('every tab of GraphiQL is valid', () => {
  expect(documents.flatMap((document) => validate(schema, document))).toEqual([]);
});

test('every field of Query and Mutation is in a tab', () => {
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );
  expect(
    documents
      .flatMap(operationsIn)
      .filter((name) => !name.startsWith('__'))
      .sort(),
  ).toEqual(fields.sort());
});

test('login is the first tab, logout the last that needs the token', () => {
  const signedIn = tabs.flatMap(({ headers }, i) => (headers ? [operationsIn(documents[i] ?? NONE)] : []));
  expect(operationsIn(documents[0] ?? NONE)).toEqual(['login']);
  expect(signedIn.at(-1)).toEqual(['logout']);
});

test('every comment fits the width of the editor, in Chinese first', () => {
  for (const { query = '' } of tabs) {
    const comments = (query ?? '').split('\n').filter((line) => line.startsWith('#'));
    expect(comments[0]).toMatch(/\p{Script=Han}/u);
    for (const line of comments)
      expect(
        [...line].reduce((width, letter) => width + (/[\u2e80-\uffef]/.test(letter) ? 2 : 1), 0),
        line,
      ).toBeLessThan(48);
  }
});

test('/errors serves the error table, only with GraphiQL', async () => {
  for (const graphiql of [true, false]) {
    const product = await startProduct('file::memory:', {
      NODE_ENV: 'development',
      GRAPHIQL: graphiql ? '1' : '0',
    });
    const server = await listening(product);
    const response = await fetch(`http://127.0.0.1:${server.port}/errors`);
    expect([response.status, (await response.text()).includes('WECHAT_CODE_INVALID')]).toEqual(
      graphiql ? [200, true] : [404, false],
    );
    await server.close();
    await product.close();
  }
});

test('the placeholder in a header is replaced by the token of the last login, until logout', async () => {
  const [, script = ''] =
    /<head><script>(.*?)<\/script>/s.exec(createRenderer(() => '<head></head>')()) ?? [];
  const kept = new Map<string, string>();
  const sent: (string | null)[] = [];
  const answers: object[] = [
    { data: { me: null } },
    { data: { login: { token: 'a.b.c' } } },
    { data: { me: {} } },
    { data: { me: {} } },
    { data: { logout: { user: { id: 'x' } } } },
    { data: { me: null } },
  ];
  const window = {
    fetch: async (_url: string, { headers }: { headers: HeadersInit }) => {
      sent.push(new Headers(headers).get('authorization'));
      return Response.json(answers.shift());
    },
  };
  const sessionStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  };
  runInContext(script, createContext({ window, Headers, sessionStorage }));
  const placeholder = 'Bearer PASTE_THE_TOKEN_HERE';
  for (const authorization of [placeholder, '', placeholder, 'Bearer x.y.z', placeholder, placeholder]) {
    await window.fetch('/graphql', { headers: authorization ? [['authorization', authorization]] : [] });
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(sent).toEqual([null, null, 'Bearer a.b.c', 'Bearer x.y.z', 'Bearer a.b.c', null]);
});
