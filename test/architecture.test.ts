import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
function source(file: string) {
  return readFileSync(join('src', file), 'utf8');
}
function importsOf(file: string) {
  return [...source(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );
}
function roomOf(file: string) {
  return (file.includes('/') ? dirname(file).split('/')[0] : file.replace('.ts', '')) ?? '';
}

/** Which rooms a room may import from, beside itself. `cli` and `main` are processes; `config` names types, and reads keys. */
const ALLOWED: Record<string, readonly string[]> = {
  main: ['app', 'cli', 'config', 'http'],
  cli: ['config', 'development', 'ops', 'schema', 'storage', 'wechat'],
  http: ['app', 'config', 'errors', 'ops'],
  app: ['auth', 'config', 'context', 'ops', 'pushes', 'storage', 'wechat', 'yoga'],
  yoga: ['config', 'context', 'errors', 'gates', 'graphiql', 'ops', 'schema'],
  gates: ['errors'],
  pushes: ['ops', 'storage', 'wechat'],
  schema: ['auth', 'context', 'errors', 'ops', 'storage', 'wechat'],
  context: ['auth', 'ops', 'storage', 'wechat'],
  errors: ['auth', 'ops', 'storage', 'wechat'],
  config: ['auth', 'config-values', 'ops', 'storage', 'wechat'],
  'config-values': ['auth', 'storage', 'wechat'],
  development: ['config'],
};

test('imports point downwards only, and the four rooms at the bottom know nothing of one another', () => {
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

test('only the start of a process reads the environment; the sandbox looks whether it is production', () => {
  const readers = files.filter((file) => /process\.env|process\.loadEnvFile/.test(source(file)));
  expect(readers.sort()).toEqual(['cli/sandbox.ts', 'cli/start.ts', 'wechat/sandbox/index.ts']);
});

test('the compiler and the linter are nowhere silenced', () => {
  const silencers =
    /@ts-(ignore|expect-error|nocheck)|biome-ignore|\bas unknown as\b|: any\b|<any>|as any\b|[\w)\]]!(\.|;|\)|,|$)/m;
  expect(
    files.filter((file) =>
      silencers.test(source(file).replaceAll(/'[^'\n]*'|`[^`]*`|\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
    ),
  ).toEqual([]);
});
