import { type DocumentNode, Kind, parse, TypeInfo, validate, visit, visitWithTypeInfo } from 'graphql';
import { expect, test } from 'vitest';
import { TABS } from '../src/graphql/graphiql/tabs.ts';

import { buildSchema } from '../src/schema/index.ts';
import { listening } from './support/listening.ts';
import { startProduct } from './support/product.ts';

const schema = buildSchema();
const tabs = TABS;
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
  expect(operationsIn(documents[0] ?? NONE)).toEqual(['login']);
  expect(documents.map(operationsIn).findLast((names) => !names[0]?.startsWith('__'))).toEqual(['logout']);
});

test('no tab sets a header: the page sends the token of the last login', () => {
  expect(tabs.filter(({ headers }) => headers)).toEqual([]);
});

test('every line fits the editor at 1280 pixels; comments are in Chinese first', () => {
  for (const { query } of tabs) {
    const lines = (query ?? '').split('\n');
    expect(lines[0]).toMatch(/^# .*\p{Script=Han}/u);
    for (const line of lines)
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
