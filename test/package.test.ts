import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProject, installServer, packClient, packServer, unpack } from './support/package.ts';
import { run } from './support/project.ts';

type Manifest = {
  private?: boolean;
  license: string;
  exports: Record<string, string | { types: string; default: string }>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function filesIn(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => statSync(join(folder, path)).isFile()).sort();
}

const bin = (name: string) => join('node_modules/.bin', name);

describe.each([
  // ES modules only: `require` and `moduleResolution: node10` cannot load it. schema.graphql is not code.
  ['weapp-login', packServer, ['--profile', 'esm-only', '--exclude-entrypoints', './schema.graphql']],
  // Mini programs have CommonJS, which exports no default.
  ['weapp-login-client', packClient, ['--exclude-entrypoints', './operations.graphql']],
])('the package %s', { timeout: 180_000 }, (_name, pack, options) => {
  let tarball: string;
  let folder: string;
  beforeAll(async () => {
    tarball = await pack();
    const parent = mkdtempSync(join(tmpdir(), 'weapp-login-unpacked-'));
    await unpack(tarball, parent);
    folder = join(parent, 'package');
  }, 180_000);

  test('has no fault that publint finds', async () => {
    const { code, output } = await run(bin('publint'), ['run', tarball, '--strict']);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('All good!') });
  });

  test('has types that resolve as its code does, according to attw', async () => {
    const { code, output } = await run(bin('attw'), [tarball, '--format', 'ascii', ...options]);
    expect(code, output).toBe(0);
  });

  test('can be published: it has a license and a README, and is not private', () => {
    expect(filesIn(folder)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'README.zh-CN.md']));
    expect(readManifest(folder)).toMatchObject({ license: 'MIT' });
    expect(readManifest(folder).private).toBeUndefined();
  });

  test('has the files that its exports name', () => {
    const files = filesIn(folder);
    const named = [...JSON.stringify(readManifest(folder).exports).matchAll(/"\.\/([^"*]+\.\w+)"(?!:)/g)];
    expect(named.length).toBeGreaterThan(4);
    expect(named.map(([, path]) => path).filter((path = '') => !files.includes(path))).toEqual([]);
  });
});

describe('the packed server', { timeout: 180_000 }, () => {
  let folder: string;
  let files: string[];
  beforeAll(async () => {
    folder = join(await installServer(), 'node_modules/weapp-login');
    files = filesIn(folder);
  }, 180_000);

  test('has what it needs, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        ...['bin/weapp-login.mjs', 'dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'dist/licenses.md'],
        ...['docs/errors.md', 'docs/errors.zh-CN.md', 'drizzle/mysql/meta/_journal.json', 'schema.graphql'],
      ]),
    );
    const foreign =
      /^(src|test|bench|client|examples|deploy|node_modules)\/|\.map$|_snapshot\.json$|(?<!\.d)\.ts$/;
    expect(files.filter((path) => foreign.test(path))).toEqual([]);
  });

  test('has the declarations that its entries refer to, and imports no package that may be missing', () => {
    const { dependencies, peerDependencies } = readManifest(folder);
    const available = new Set([...Object.keys({ ...dependencies, ...peerDependencies }), ...builtinModules]);
    const declarations = files.filter((path) => path.endsWith('.d.ts'));
    const imported = declarations.flatMap((path) => packagesIn(readFileSync(join(folder, path), 'utf8')));
    expect(imported).toEqual(expect.arrayContaining(['@pothos/core', 'drizzle-orm', 'graphql', 'http']));
    expect([...new Set(imported)].filter((name) => !available.has(name))).toEqual([]);
  });

  test('is imported by plain JavaScript, all entries of it', async () => {
    const project = await createProject();
    const entries = Object.keys(readManifest(folder).exports).map((path) => path.replace('.', 'weapp-login'));
    const code = `for (const entry of ${JSON.stringify(entries)}) {
  if (/\\.\\w+$/.test(entry)) (await import('node:fs')).accessSync(new URL(import.meta.resolve(entry)));
  else console.log(entry, Object.keys(await import(entry)).length > 0);
}`;
    writeFileSync(join(project, 'entries.js'), code);
    const { output } = await run(process.execPath, ['entries.js'], { cwd: project });
    const modules = ['', '/testing', '/sandbox', '/mysql', '/sqlite'];
    expect(output).toBe(modules.map((path) => `weapp-login${path} true\n`).join(''));
  });
});

/** The packages that a declaration file imports; of Node's modules the name without `node:`. */
function packagesIn(declarations: string): string[] {
  return [...declarations.matchAll(/(?:from|import)\s*\(?\s*['"]([^.'"][^'"]*)['"]/g)].map(
    ([, path = '']) => {
      const [scope = '', name = ''] = path.replace(/^node:/, '').split('/');
      return scope.startsWith('@') ? `${scope}/${name}` : scope;
    },
  );
}
