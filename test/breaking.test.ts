import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { breakingChanges, mayBreak } from './support/breaking.ts';

const schema = readFileSync('schema.graphql', 'utf8');

test.each([
  ['a field that is renamed', 'isNewUser: Boolean!', 'isFirstLogin: Boolean!'],
  ['a field that may be null now', 'token: String!', 'token: String'],
  ['an argument that is required now', 'appId: String\n', 'appId: String!\n'],
  ['an enum value that goes', /\n {2}"""Looks after all users."""\n {2}ADMIN\n/, '\n'],
])('%s breaks clients', async (_name, from, to) => {
  const changed = schema.replace(from, to);
  expect(changed).not.toBe(schema);
  expect(await breakingChanges(schema, changed)).toHaveLength(1);
});

test('a new field, a description and a deprecation break nobody', async () => {
  const changed = schema
    .replace('type Query {', 'type Query {\n  """New."""\n  version: String\n')
    .replace('city: String\n', 'city: String @deprecated(reason: "No longer known.")\n')
    .replace('What can be read.', 'All that can be read.');
  expect(await breakingChanges(schema, changed)).toEqual([]);
});

test.each([
  ['v0.1.0', '0.1.1', false],
  ['v0.1.0', '0.2.0', true],
  ['v1.2.3', '1.3.0', false],
  ['v1.2.3', '2.0.0', true],
])('from %s to %s: %s', (before, after, allowed) => {
  expect(mayBreak(before, after)).toBe(allowed);
});

test('npm run check compares with the last release tag, and passes where there is none', () => {
  const folder = mkdtempSync(`${tmpdir()}/weapp-login-gate-`);
  for (const file of [
    'schema.graphql',
    'package.json',
    'tsconfig.json',
    'test/breaking.ts',
    'test/support/breaking.ts',
  ])
    cpSync(file, `${folder}/${file}`, { recursive: true });
  symlinkSync(resolve('node_modules'), `${folder}/node_modules`);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: folder });
  const gate = () => {
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', 'test/breaking.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, stdout };
  };
  const scripts: Record<string, string> = JSON.parse(readFileSync('package.json', 'utf8')).scripts;
  expect(scripts.check).toContain('node --import tsx test/breaking.ts');

  git('init', '--quiet');
  git('add', 'schema.graphql');
  git('commit', '--quiet', '-m', 'a release');
  expect(gate()).toEqual({ status: 0, stdout: expect.stringContaining('No release tag yet') });
  git('tag', 'v0.1.0');
  expect(gate()).toEqual({ status: 0, stdout: 'schema.graphql breaks no client of v0.1.0.\n' });
  writeFileSync(`${folder}/schema.graphql`, schema.replace('token: String!', 'token: String'));
  expect(gate()).toEqual({ status: 1, stdout: expect.stringContaining('Breaking since v0.1.0') });
  const raised = readFileSync('package.json', 'utf8').replace(/"version": "[^"]+"/, '"version": "0.2.0"');
  writeFileSync(`${folder}/package.json`, raised);
  expect(gate()).toEqual({ status: 0, stdout: expect.stringContaining('0.2.0 may break') });
});
