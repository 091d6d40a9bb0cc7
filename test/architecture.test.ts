import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

function source(file: string): string {
  return readFileSync(join('src', file), 'utf8');
}

/** The source without strings and comments. */
function code(file: string): string {
  return source(file).replaceAll(/'[^'\n]*'|`[^`]*`|\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}

function importsOf(file: string): string[] {
  return [...source(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );
}

/** The folder below src, or the name of a file that lies in src itself. */
function roomOf(file: string): string {
  return (file.includes('/') ? dirname(file).split('/')[0] : file.replace('.ts', '')) ?? '';
}

/** The rooms that a room may import from, beside itself: docs/architecture.md. */
const ALLOWED: Record<string, readonly string[]> = {
  main: ['cli'],
  index: ['app', 'cli', 'config', 'context', 'errors', 'http', 'modules', 'ops', 'schema', 'storage'],
  testing: ['app', 'config', 'http', 'modules', 'ops', 'sandbox', 'storage'],
  cli: [
    ...['app', 'common', 'config', 'doctor', 'errors', 'http', 'modules', 'ops'],
    ...['sandbox', 'schema', 'storage'],
  ],
  app: [
    ...[
      'auth',
      'common',
      'config',
      'context',
      'counter-store',
      'graphql',
      'http',
      'modules',
      'ops',
      'repeats',
    ],
    ...['sandbox', 'storage', 'webhooks', 'wechat'],
  ],
  repeats: ['common', 'context', 'ops'],
  'counter-store': ['config', 'ops', 'storage'],
  modules: ['common', 'context', 'errors', 'ops', 'schema', 'storage'],
  http: ['auth', 'common', 'config', 'errors', 'graphql', 'ops', 'webhooks'],
  graphql: ['common', 'config', 'context', 'errors', 'ops', 'storage', 'wechat'],
  schema: ['auth', 'common', 'context', 'errors', 'ops', 'storage', 'wechat'],
  context: ['auth', 'common', 'ops', 'storage', 'wechat'],
  webhooks: ['common', 'ops', 'storage', 'wechat'],
  doctor: ['common', 'config', 'modules', 'storage', 'wechat'],
  config: ['auth', 'common', 'ops', 'storage', 'wechat'],
  errors: [],
  auth: ['common'],
  ops: ['common'],
  storage: ['common'],
  wechat: ['common'],
  common: [],
  sandbox: [],
};

describe('the rooms of src', () => {
  test('import downwards only; the rooms at the bottom never import one another', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter(
          (target) =>
            roomOf(target) !== roomOf(file) && !(ALLOWED[roomOf(file)] ?? []).includes(roomOf(target)),
        )
        .map((target) => `${file} → ${target}`),
    );
    expect(files.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  test('are all listed here and in docs/architecture.md', () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(ALLOWED).sort());
    const page = readFileSync('docs/architecture.md', 'utf8');
    const folders = files.filter((file) => file.includes('/')).map(roomOf);
    expect([...new Set(folders)].filter((room) => !page.includes(`\`${room}/\``))).toEqual([]);
  });

  test('have no two files of one name, and no file beside a folder of its name', () => {
    const names = files.map((file) => basename(file, '.ts')).filter((name) => name !== 'index');
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    const folders = [...new Set(files.map((file) => dirname(file)))];
    expect(folders.filter((folder) => files.includes(`${folder}.ts`))).toEqual([]);
  });

  test('have files of at most 250 lines, of 30 to 130 in the median', () => {
    const lengths = files.map((file) => source(file).split('\n').length - 1).sort((a, b) => a - b);
    expect(lengths.at(-1)).toBeLessThanOrEqual(250);
    const median = lengths[Math.floor(lengths.length / 2)];
    expect(median).toBeGreaterThanOrEqual(30);
    expect(median).toBeLessThanOrEqual(130);
  });

  test('read the environment at the start of a process only', () => {
    const readers = files.filter((file) => /process\.env|process\.loadEnvFile/.test(source(file)));
    expect(readers.sort()).toEqual(['cli/environment-source.ts', 'sandbox/index.ts']);
  });
});

test('every file that docs/architecture.md names exists', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const named = [...page.matchAll(/`((?:src|test|client|docs|drizzle|examples|bench)\/[\w./-]+\.\w+)`/g)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test('top-level functions are declarations', () => {
  const arrows = /^(export )?(const|let) \w+(: [^=]+)? = (async )?(<[^>]*>)?(\([^)]*\)|\w+)(: [^=]+?)? =>/m;
  expect('export const f = async (a: string): Promise<void> => {').toMatch(arrows);
  expect(files.filter((file) => arrows.test(source(file)))).toEqual([]);
});

test('no comment silences the compiler or the linter, and no cast, any or non-null assertion does', () => {
  const silencers = /\bas unknown as\b|: any\b|<any>|as any\b|[\w)\]]!(\.|;|\)|,|$)/m;
  const casts = /\bas (?!const\b)\w+/;
  expect(files.filter((file) => silencers.test(code(file)))).toEqual([]);
  expect(files.filter((file) => /@ts-(ignore|expect-error|nocheck)|biome-ignore/.test(source(file)))).toEqual(
    [],
  );
  const withoutImports = (file: string) => code(file).replaceAll(/^(im|ex)port (type )?[{*][^;]*;/gm, '');
  expect(files.filter((file) => casts.test(withoutImports(file)))).toEqual([]);
});
