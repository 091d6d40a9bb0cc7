import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { breakingChanges, mayBreak } from './support/breaking.ts';

const schema = readFileSync('schema.graphql', 'utf8');

test.each([
  ['a renamed field', 'isNewUser: Boolean!', 'isFirstLogin: Boolean!'],
  ['a field that becomes nullable', 'token: String!', 'token: String'],
  ['an argument that becomes required', 'appId: String\n', 'appId: String!\n'],
  ['a removed enum value', /\n {2}"""[^"]+"""\n {2}ADMIN\n/, '\n'],
])('%s breaks clients', async (_name, from, to) => {
  const changed = schema.replace(from, to);
  expect(changed).not.toBe(schema);
  expect(await breakingChanges(schema, changed)).toHaveLength(1);
});

test('a new field, a new description and a deprecation break no client', async () => {
  const changed = schema
    .replace('type Query {', 'type Query {\n  """New."""\n  version: String\n')
    .replace('city: String\n', 'city: String @deprecated(reason: "No longer known.")\n')
    .replace(/"""[^"]+"""\ntype Query/, '"""Another description."""\ntype Query');
  expect(changed).toContain('Another description.');
  expect(changed).toContain('No longer known.');
  expect(await breakingChanges(schema, changed)).toEqual([]);
});

test.each([
  ['0.1.0', '0.1.1', false],
  ['0.1.0', '0.2.0', true],
  ['1.2.3', '1.3.0', false],
  ['1.2.3', '2.0.0', true],
])('from %s to %s: %s', (before, after, allowed) => {
  expect(mayBreak(before, after)).toBe(allowed);
});

test('npm run check compares with the newest release of test/releases, by version, not by name', () => {
  const folder = mkdtempSync(`${tmpdir()}/weapp-login-gate-`);
  for (const file of [
    'schema.graphql',
    'package.json',
    'tsconfig.json',
    'test/breaking.ts',
    'test/api/weapp-login.api.d.ts',
    'test/support/api-report.ts',
    'test/support/breaking.ts',
    'test/support/declarations.ts',
  ])
    cpSync(file, `${folder}/${file}`, { recursive: true });
  symlinkSync(resolve('node_modules'), `${folder}/node_modules`);
  mkdirSync(`${folder}/test/releases`);
  const report = readFileSync('test/api/weapp-login.api.d.ts', 'utf8');
  const release = (version: string, text: string) => {
    writeFileSync(`${folder}/test/releases/v${version}.graphql`, text);
    writeFileSync(`${folder}/test/releases/v${version}.api.d.ts`, report);
  };
  const raiseTo = (version: string) =>
    writeFileSync(
      `${folder}/package.json`,
      readFileSync('package.json', 'utf8').replace(/"version": "[^"]+"/, `"version": "${version}"`),
    );
  const gate = () => {
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', 'test/breaking.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, stdout };
  };
  const scripts: Record<string, string> = JSON.parse(readFileSync('package.json', 'utf8')).scripts;
  expect(scripts.check).toContain('node --import tsx test/breaking.ts');

  expect(gate()).toEqual({ status: 1, stdout: expect.stringContaining('No release in test/releases') });
  release('0.9.0', 'type Query { gone: Int }');
  release('0.10.0', schema);
  raiseTo('0.10.1');
  expect(gate()).toEqual({ status: 0, stdout: expect.stringContaining('break nobody who uses v0.10.0') });
  writeFileSync(`${folder}/schema.graphql`, schema.replace('token: String!', 'token: String'));
  expect(gate()).toEqual({ status: 1, stdout: expect.stringContaining('Breaking since v0.10.0') });
  writeFileSync(`${folder}/schema.graphql`, schema);
  writeFileSync(
    `${folder}/test/api/weapp-login.api.d.ts`,
    report.replace('listen(): Promise<string>', 'listen(): Promise<URL>'),
  );
  expect(gate()).toEqual({
    status: 1,
    stdout: expect.stringContaining('Breaking since v0.10.0: weapp-login/testing, TestServer: `listen()'),
  });
  raiseTo('0.11.0');
  expect(gate()).toEqual({ status: 0, stdout: expect.stringContaining('0.11.0 may break') });
});

test('the schema and the API of the first release are committed', () => {
  expect(readFileSync('test/releases/v0.1.0.api.d.ts', 'utf8')).toContain('createApp(');
  expect(readFileSync('test/releases/v0.1.0.graphql', 'utf8')).toContain('type LoginPayload');
});
