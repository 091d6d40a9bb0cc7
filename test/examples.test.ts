import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildSchema, NoUnusedFragmentsRule, parse, specifiedRules, validate } from 'graphql';
import { describe, expect, test } from 'vitest';

import { buildClient } from './support/client.ts';
import { listening } from './support/listening.ts';
import { startProduct } from './support/product.ts';
import { type Ended, installClient, run, tsc } from './support/project.ts';
import { snippetsOf } from './support/snippets.ts';

const TYPED = 'examples/typed-client';
const MINI = 'examples/mini-program';
const READMES = [TYPED, MINI].flatMap((example) => [`${example}/README.md`, `${example}/README.zh-CN.md`]);
const GENERATED = [`${TYPED}/src/gql`, `${MINI}/miniprogram/gql`];

/** Copies an example, with the built client and types of the root in its node_modules. */
function withModules(example: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-example-'));
  cpSync(example, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  installClient(folder, buildClient(), [
    '@graphql-typed-document-node',
    'miniprogram-api-typings',
    '@types/node',
    'undici-types',
  ]);
  return folder;
}

describe('the examples compile with the committed types', () => {
  test.each([TYPED, MINI])('%s', async (example) => {
    expect(await tsc(withModules(example))).toEqual({ code: 0, output: '' });
  });

  test('an unknown field or a variable of the wrong type does not compile', async () => {
    const folder = withModules(TYPED);
    const file = `${folder}/src/by-client.ts`;
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, source.replace('me?.id', 'me?.uuid').replace("nickName: 'Typed'", 'nickName: 42'));
    const { code, output } = await tsc(folder);
    expect(code).not.toBe(0);
    expect(output).toContain("Property 'uuid' does not exist");
    expect(output).toContain("Type 'number' is not assignable to type 'string'");
  });
});

test.each(READMES)('CI runs the commands of %s that install and check the example', (readme) => {
  const ci = readFileSync('.ci/run', 'utf8');
  const commands = snippetsOf(readme).map(({ text }) => text.trim());
  expect(commands.some((command) => command.startsWith(`cd ${dirname(readme)} && npm ci`))).toBe(true);
  for (const command of commands.filter((text) => text.includes('npm run check')))
    for (const part of command.split(' && ')) expect(ci, command).toContain(part);
});

test('the types of the client are those that test/types expects', async () => {
  expect(await tsc('test/types')).toEqual({ code: 0, output: '' });
});

test('the operations in the generated files are valid', () => {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  const rules = specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule);
  for (const folder of GENERATED) {
    const source = readFileSync(`${folder}/graphql.ts`, 'utf8');
    const documents = [...source.matchAll(/new TypedDocumentString\(`(.*?)`/gs)].map(([, text = '']) => text);
    expect(documents.length).toBeGreaterThan(2);
    for (const text of documents) expect(validate(schema, parse(text), rules)).toEqual([]);
  }
});

const installed = existsSync(`${TYPED}/node_modules/.bin/graphql-codegen`);
if (!installed && process.env.CI) throw new Error(`codegen is not installed: cd ${TYPED} && npm ci`);
if (!installed)
  process.stderr.write(
    `codegen is not installed, so its tests are skipped. To run them: cd ${TYPED} && npm ci\n`,
  );

/** Copies the examples and their schema to a folder that uses the installed packages of the example. */
function copyExamples(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-codegen-'));
  cpSync('schema.graphql', `${folder}/schema.graphql`);
  for (const example of [TYPED, MINI])
    cpSync(example, `${folder}/${example}`, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
  symlinkSync(resolve(TYPED, 'node_modules'), `${folder}/${TYPED}/node_modules`);
  return folder;
}

function runScript(folder: string, script: string): Promise<Ended> {
  return run('npm', ['run', '--silent', script], {
    cwd: `${folder}/${TYPED}`,
    env: { NODE_ENV: 'development' },
  });
}

function replaceIn(file: string, from: RegExp, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
}

describe.skipIf(!installed)('graphql-codegen', { timeout: 120_000 }, () => {
  test('generates the files that are committed', async () => {
    const folder = copyExamples();
    expect((await runScript(folder, 'generate')).code).toBe(0);
    for (const generated of GENERATED)
      for (const file of ['gql.ts', 'graphql.ts', 'index.ts'])
        expect(readFileSync(`${folder}/${generated}/${file}`, 'utf8'), `${generated}/${file}`).toBe(
          readFileSync(`${generated}/${file}`, 'utf8'),
        );
  });

  test('rejects operations with a renamed field; with corrected operations, code that uses the old name does not compile', async () => {
    const folder = copyExamples();
    replaceIn(`${folder}/schema.graphql`, /nickName: String/g, 'displayName: String');
    const { code, output } = await runScript(folder, 'generate');
    expect(code).not.toBe(0);
    expect(output).toContain('Cannot query field "nickName" on type "User"');
    replaceIn(`${folder}/${TYPED}/src/operations.ts`, /nickName/g, 'displayName');
    replaceIn(`${folder}/${MINI}/miniprogram/operations.graphql`, /nickName/g, 'displayName');
    expect((await runScript(folder, 'generate')).code).toBe(0);
    const check = await runScript(folder, 'check');
    expect(check.code).not.toBe(0);
    expect(check.output).toContain("'nickName' does not exist");
  });

  test('generates operations that work with fetch and with the client', async () => {
    const product = await startProduct('file::memory:');
    const server = await listening(product);
    const { code, output } = await run('npm', ['start', '--silent'], {
      cwd: TYPED,
      env: { GRAPHQL_URL: `http://127.0.0.1:${server.port}/graphql` },
    });
    await server.close();
    await product.close();
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(/by fetch: Typed \([\w-]+\)\nby the client: Typed \([\w-]+\)/),
    });
  });
});
