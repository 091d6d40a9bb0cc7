import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import {
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, isErrorCode } from '../src/errors/codes.ts';
import { buildSchema } from '../src/schema/index.ts';

const schema = buildSchema();

test('schema.graphql is up to date: npm run generate:schema', () => {
  expect(readFileSync('schema.graphql', 'utf8')).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('every type, field, argument and enum value has a description', () => {
  const bare: string[] = [];
  const look = (name: string, thing: { description?: string | null | undefined }) => {
    if (!thing.description) bare.push(name);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || ['String', 'Int', 'Boolean', 'ID', 'Float'].includes(type.name))
      continue;
    look(type.name, type);
    for (const value of 'getValues' in type ? type.getValues() : [])
      look(`${type.name}.${value.name}`, value);
    for (const field of 'getFields' in type ? Object.values(type.getFields()) : []) {
      look(`${type.name}.${field.name}`, field);
      for (const arg of 'args' in field ? field.args : [])
        look(`${type.name}.${field.name}(${arg.name})`, arg);
    }
  }
  expect(bare).toEqual([]);
});

test('every field of Query and Mutation names its error codes, and they exist', () => {
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}),
  );
  const named = fields.map(({ description }) =>
    /^Errors: (.+)\.$/m.exec(description ?? '')?.[1]?.split(', '),
  );
  expect(named.filter((codes) => !codes?.includes('SERVICE_UNAVAILABLE'))).toEqual([]);
  expect(named.flat().filter((code) => !isErrorCode(code ?? ''))).toEqual([]);
});

test('every field with a scope names FORBIDDEN or UNAUTHENTICATED, and totalCount what a slow count does', () => {
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) ? Object.values(type.getFields()) : [],
  );
  const scoped = fields.filter(({ extensions }) => 'authScopes' in Object(extensions.pothosOptions));
  const silent = scoped.filter(
    ({ description }) => !/^Errors: .*(FORBIDDEN|UNAUTHENTICATED)/m.test(description ?? ''),
  );
  expect(scoped.length).toBeGreaterThan(15);
  expect(silent.map(({ name }) => name)).toEqual([]);
  const count = fields.find(({ name }) => name === 'totalCount');
  expect(count?.description).toMatch(/^Errors: SERVICE_UNAVAILABLE\.$/m);
});

test('custom scalars say where they are specified', () => {
  const urls = Object.values(schema.getTypeMap()).flatMap((type) =>
    isScalarType(type) && !isSpecifiedScalarType(type) ? [[type.name, type.specifiedByURL]] : [],
  );
  expect(urls.map(([name]) => name).sort()).toEqual(['Date', 'DateTime', 'LenientBoolean']);
  for (const [, url] of urls) expect(url).toMatch(/^https:\/\//);
});

test('mutations return types of their own that are non-null; queries of one thing are nullable', () => {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
  expect(mutations.map(({ type }) => String(type))).toEqual(
    mutations.map(({ name }) => `${capital(name)}Payload!`),
  );
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  expect(queries.filter(({ type }) => isNonNullType(type))).toEqual([]);
});

test.each(['docs/errors.md', 'README.md', 'README.zh-CN.md'])(
  'the error table of %s has every code with its action',
  (file) => {
    const rows = [...readFileSync(file, 'utf8').matchAll(/^\| `([A-Z_]+)` \| `([A-Z_]+)` \|/gm)].map(
      ([, code, action]) => [code, action],
    );
    expect(rows).toEqual(Object.entries(ERROR_CODES).map(([code, { action }]) => [code, action]));
  },
);

describe.each(['mysql', 'sqlite'])('migrations for %s', (dialect) => {
  test('are up to date: npm run generate:migrations', () => {
    mkdirSync('.test-output', { recursive: true });
    const out = mkdtempSync(`.test-output/drift-${dialect}-`);
    cpSync(`drizzle/${dialect}`, out, { recursive: true });
    const before = readdirSync(out);
    const printed = execFileSync(
      process.execPath,
      [
        'node_modules/drizzle-kit/bin.cjs',
        'generate',
        `--dialect=${dialect}`,
        `--schema=./src/storage/${dialect}.schema.ts`,
        `--out=${out}`,
      ],
      { encoding: 'utf8' },
    );
    expect(printed).toContain('No schema changes');
    expect(readdirSync(out)).toEqual(before);
  });

  test('have ascending times: drizzle skips one that is older than the newest applied', () => {
    const { entries }: { entries: { when: number; tag: string }[] } = JSON.parse(
      readFileSync(`drizzle/${dialect}/meta/_journal.json`, 'utf8'),
    );
    const times = entries.map(({ when }) => when);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  });

  test('have one statement each for MySQL, so that an interrupted run can continue', () => {
    const files = readdirSync(`drizzle/${dialect}`).filter((file) => file.endsWith('.sql'));
    expect(files.length).toBeGreaterThan(0);
    const several = files.filter((file) =>
      readFileSync(`drizzle/${dialect}/${file}`, 'utf8').includes('statement-breakpoint'),
    );
    if (dialect === 'mysql') expect(several).toEqual([]);
  });
});
