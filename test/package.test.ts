import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './support/mariadb.ts';
import { createProject, installServer, packClient, packServer, unpack } from './support/package.ts';
import { post, type Running, start } from './support/process.ts';
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

describe('the command weapp-login of the packed server, in an empty folder', { timeout: 180_000 }, () => {
  let project: string;
  const running: Running[] = [];
  beforeAll(async () => {
    project = await createProject();
  }, 180_000);
  afterAll(async () => {
    for (const { child, exited } of running) {
      child.kill('SIGTERM');
      await exited;
    }
  });

  const serve = (args: readonly string[], env: Record<string, string> = {}) => {
    const server = start(['node_modules/.bin/weapp-login', ...args], { folder: project, env });
    running.push(server);
    return server;
  };
  const command = (...args: string[]) => run('npx', ['weapp-login', ...args], { cwd: project });

  test('lists its commands', async () => {
    const { code, output } = await command('--help');
    expect(code).toBe(0);
    for (const name of ['start', 'migrate', 'admin', 'doctor', 'sandbox', 'schema'])
      expect(output).toContain(`  weapp-login ${name} `);
    expect(await command('begin')).toEqual({ code: 2, output });
  });

  test('migrates, starts with the sandbox, logs in, and makes an admin', async () => {
    expect(await command('migrate')).toMatchObject({ code: 0 });
    const server = serve([]);
    const origin = await server.origin;
    const login = 'mutation { login(code: "dev:boss") { token user { openId role } } }';
    const { token, user } = (await post(origin, login)).data.login;
    expect(user.role).toBe('USER');
    expect(await command('admin', 'grant', user.openId)).toMatchObject({ code: 0 });
    expect(await post(origin, '{ me { role } }', token)).toEqual({ data: { me: { role: 'ADMIN' } } });
    expect((await fetch(`${origin}/errors`)).status).toBe(200);
  });

  test('says in a line how to get GraphiQL, which is not installed; only GRAPHIQL=1 needs it', async () => {
    const server = serve(['start']);
    const origin = await server.origin;
    const install = 'npm install --save-prod @graphql-yoga/render-graphiql';
    expect(server.printed()).toMatch(/weapp-login is ready\. http:\/\/localhost:\d+\/graphql\n/);
    expect(server.printed()).toContain(`\n  GraphiQL is not installed: ${install}\n`);
    expect((await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } })).status).not.toBe(500);
    const strict = serve(['start'], { GRAPHIQL: '1' });
    expect(await strict.exited).toBe(1);
    expect(strict.printed()).toContain(install);

    expect(await run('bash', ['-c', install], { cwd: project })).toMatchObject({ code: 0 });
    const complete = serve(['start']);
    const page = await fetch(`${await complete.origin}/graphql`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toMatch(/^<!doctype html>/i);
    expect(complete.printed()).toContain('weapp-login is ready. Open GraphiQL: ');
  });

  test('prints the schema, checks what it depends on, and starts the sandbox alone', async () => {
    expect(await command('schema')).toEqual({ code: 0, output: readFileSync('schema.graphql', 'utf8') });
    expect(JSON.parse((await command('doctor', '--json')).output)).toMatchObject({
      status: expect.any(String),
    });
    const sandbox = serve(['sandbox'], { SANDBOX_PORT: String(await freePort()) });
    await expect.poll(sandbox.printed, { timeout: 20_000 }).toContain('WECHAT_API_URL=http://127.0.0.1:');
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
