import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLObjectType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  validate,
} from 'graphql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, RequestError } from '../client/src/index.mts';
import { readConfig, SANDBOX_APP } from '../src/config/config.ts';
import type { HttpServer } from '../src/http/server.ts';
import { FAULT_NAMES } from '../src/sandbox/faults.ts';
import { createSandbox } from '../src/sandbox/index.ts';
import { pushSignature } from '../src/wechat/signature.ts';
import { APP_SECRET } from './support/canaries.ts';
import { buildClient } from './support/client.ts';
import { listening } from './support/listening.ts';
import { createLoader, handlersIn, launch, type MiniProgram } from './support/mini-program.ts';
import { APP_ID, environment, type Product, startProduct } from './support/product.ts';
import { type Ended, installClient, run, tsc } from './support/project.ts';
import { linksOf, snippetsOf, writeSnippets } from './support/snippets.ts';
import { createWire, type Wire } from './support/wire.ts';
import { createPhone, type Phone } from './support/wx.ts';

const MINI_PROGRAM_PAGES = ['docs/mini-program.md', 'docs/mini-program.zh-CN.md'];
const FRAMEWORK_PAGES = ['docs/taro-uni-app.md', 'docs/taro-uni-app.zh-CN.md'];
const CODEGEN_PAGES = ['docs/codegen.md', 'docs/codegen.zh-CN.md'];
const SANDBOX_PAGES = ['docs/sandbox.md', 'docs/sandbox.zh-CN.md'];
const SCHEMA_PAGES = ['docs/schema.md', 'docs/schema.zh-CN.md'];
const WECHAT_PAGES = ['docs/wechat.md', 'docs/wechat.zh-CN.md'];
const PAGES = [
  ...MINI_PROGRAM_PAGES,
  ...FRAMEWORK_PAGES,
  ...CODEGEN_PAGES,
  ...SANDBOX_PAGES,
  ...SCHEMA_PAGES,
  ...WECHAT_PAGES,
];
const WRITTEN_URL = 'http://127.0.0.1:4000/graphql';

let client: string;
let product: Product;
let server: HttpServer;
let phone: Phone;

beforeAll(async () => {
  client = buildClient();
  product = await startProduct('file::memory:');
  server = await listening(product);
});
afterAll(async () => {
  await server.close();
  await product.close();
});
beforeEach(() => {
  phone = createPhone(() => product.mint('reader'));
});

function withUrl(text: string): string {
  return text.replace(WRITTEN_URL, `http://127.0.0.1:${server.port}/graphql`);
}

/** Writes the named code blocks of a page to a new folder. */
function folderOf(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-docs-'));
  writeSnippets(snippetsOf(page), folder, withUrl);
  return folder;
}

/** Packs the built client into a folder. */
function packClient(folder: string): void {
  const source = `${folder}/source`;
  cpSync('client/package.json', `${source}/package.json`);
  cpSync(client, `${source}/dist`, { recursive: true });
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  execFileSync('npm', args, { cwd: source, stdio: 'pipe' });
}

function compile(folder: string, options: object, include: string[]): Promise<Ended> {
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({
      compilerOptions: {
        module: 'ESNext',
        moduleResolution: 'Bundler',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        ...options,
      },
      include,
    }),
  );
  return tsc(folder);
}

/** Finds the shell block that contains a text. */
function commandIn(page: string, part: string): string {
  const command = snippetsOf(page).find(({ language, text }) => language === 'sh' && text.includes(part));
  if (!command) throw new Error(`${page} has no command with ${part}`);
  return command.text;
}

const PACKAGE_PAGES = [
  ...['docs/mounting.md', 'docs/mounting.zh-CN.md'],
  ...['docs/upgrading.md', 'docs/upgrading.zh-CN.md'],
];

test.each([...PAGES, ...PACKAGE_PAGES])('%s links to files that exist', (page) => {
  expect(linksOf(page).length).toBeGreaterThan(1);
  expect(linksOf(page).filter((path) => !existsSync(path))).toEqual([]);
});

test.each(PAGES)('every code block of %s is run by a test', (page) => {
  const tried = [
    'npm ci && npm start',
    'npm run sandbox',
    'cd client && npm run build && npm pack',
    'npx graphql-codegen --config codegen.ts --verbose',
    'npx graphql-codegen --config codegen.persisted.ts && node ids.mjs',
  ];
  const isTried = (language: string, text: string): boolean => {
    if (language === 'graphql') return SCHEMA_PAGES.includes(page);
    if (language === 'ts') return SANDBOX_PAGES.includes(page);
    if (language === 'text') return WECHAT_PAGES.includes(page);
    return (
      tried.includes(text.trim()) ||
      /^(npm (install --save-dev|pkg set)|curl) |^npm install \.\.\//.test(text)
    );
  };
  const nameless = snippetsOf(page).filter(({ name }) => !name);
  expect(nameless.length).toBeGreaterThan(0);
  for (const { language, text } of nameless) expect(isTried(language, text), text).toBe(true);
});

test('the command of the pages that packs the client makes the file that they name', async () => {
  const destination = mkdtempSync(join(tmpdir(), 'weapp-login-pack-'));
  const { code } = await run('bash', ['-c', 'cd client && npm run build && npm pack'], {
    env: { npm_config_pack_destination: destination },
  });
  expect(code).toBe(0);
  const [file = ''] = readdirSync(destination);
  for (const page of [...MINI_PROGRAM_PAGES, ...FRAMEWORK_PAGES])
    expect(readFileSync(page, 'utf8')).toContain(`\`${file}\``);
  const { output } = await run('tar', ['-tzf', `${destination}/${file}`]);
  for (const path of [
    'dist/index.js',
    'dist/index.mjs',
    'dist/index.d.ts',
    'dist/encrypted.js',
    'dist/fetch.js',
    'README.md',
    'operations.graphql',
  ])
    expect(output).toContain(`package/${path}`);
});

/** A project of the TypeScript template of WeChat DevTools, without its pages. Typings come from the template too. */
function createTemplateProject(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'weapp-login-template-')), 'my-mini-program');
  const files = {
    'package.json': { name: 'miniprogram-ts-quickstart', version: '1.0.0' },
    'project.config.json': {
      miniprogramRoot: 'miniprogram/',
      compileType: 'miniprogram',
      setting: { useCompilerPlugins: ['typescript', 'sass'], packNpmRelationList: [] },
    },
    'tsconfig.json': {
      compilerOptions: {
        module: 'CommonJS',
        target: 'ES2020',
        lib: ['ES2020'],
        strict: true,
        allowSyntheticDefaultImports: true,
        noImplicitThis: true,
        noImplicitReturns: true,
        noFallthroughCasesInSwitch: true,
        noUnusedLocals: true,
        noUnusedParameters: true,
        types: ['miniprogram-api-typings'],
      },
      include: ['./**/*.ts'],
      exclude: ['node_modules'],
    },
  };
  mkdirSync(join(folder, 'miniprogram'), { recursive: true });
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

type ProjectConfig = {
  miniprogramRoot: string;
  setting: {
    packNpmManually?: boolean;
    packNpmRelationList?: { packageJsonPath: string; miniprogramNpmDistDir: string }[];
  };
};

function readJson<Content>(file: string): Content {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Adds the settings of the page to those of the template. */
function mergeConfig(folder: string, addition: string): void {
  const file = join(folder, 'project.config.json');
  const config = readJson<ProjectConfig>(file);
  const { setting, ...rest }: Partial<ProjectConfig> = JSON.parse(addition);
  writeFileSync(file, JSON.stringify({ ...config, ...rest, setting: { ...config.setting, ...setting } }));
}

/**
 * 构建 npm of DevTools: copies the folder that `miniprogram` in the package.json of a dependency names. By default only for
 * a package.json inside of miniprogramRoot, otherwise as packNpmRelationList says.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/devtools/npm.html
 */
function buildNpm(folder: string): void {
  const { miniprogramRoot, setting } = readJson<ProjectConfig>(join(folder, 'project.config.json'));
  const relations = setting.packNpmManually
    ? (setting.packNpmRelationList ?? [])
    : [{ packageJsonPath: `${miniprogramRoot}package.json`, miniprogramNpmDistDir: miniprogramRoot }];
  for (const { packageJsonPath, miniprogramNpmDistDir } of relations) {
    const { dependencies } = readJson<{ dependencies: object }>(join(folder, packageJsonPath));
    for (const name of Object.keys(dependencies)) {
      const source = join(folder, dirname(packageJsonPath), 'node_modules', name);
      const { miniprogram } = readJson<{ miniprogram: string }>(join(source, 'package.json'));
      cpSync(join(source, miniprogram), join(folder, miniprogramNpmDistDir, 'miniprogram_npm', name), {
        recursive: true,
      });
    }
  }
}

describe.each(MINI_PROGRAM_PAGES)('the mini program of %s', (page) => {
  /** The project after the steps of the page. */
  let project: string;
  let wire: Wire;
  let unhandled: unknown[];
  const note = (reason: unknown) => void unhandled.push(reason);

  beforeAll(async () => {
    project = createTemplateProject();
    const packed = join(dirname(project), 'weapp-login/client');
    mkdirSync(packed, { recursive: true });
    const pack = await run('bash', ['-c', commandIn(page, 'npm pack')], {
      env: { npm_config_pack_destination: packed },
    });
    expect(pack.code, pack.output).toBe(0);
    const install = await run('bash', ['-c', commandIn(page, 'npm install')], {
      cwd: project,
      env: { npm_config_audit: 'false', npm_config_offline: 'true' },
    });
    expect(install.code, install.output).toBe(0);

    const config = snippetsOf(page).find(({ name }) => name === 'project.config.json')?.text ?? '';
    mergeConfig(project, config);
    buildNpm(project);
    const files = snippetsOf(page).filter(({ name }) => name.startsWith('miniprogram/'));
    expect(files).toHaveLength(7);
    writeSnippets(files, project);
    symlinkSync(
      resolve('node_modules/miniprogram-api-typings'),
      join(project, 'node_modules/miniprogram-api-typings'),
    );
  }, 120_000);
  beforeEach(async () => {
    wire = await createWire(server.port);
    unhandled = [];
    process.on('unhandledRejection', note);
  });
  afterEach(async () => {
    await wire.close();
    await new Promise((done) => setTimeout(done, 0));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  /** Modules are found as in DevTools: in miniprogram_npm. */
  const start = (change = (api: string) => api, more: object = {}): MiniProgram => {
    const root = join(mkdtempSync(join(tmpdir(), 'weapp-login-docs-')), 'miniprogram');
    cpSync(join(project, 'miniprogram'), root, { recursive: true });
    const api = readFileSync(`${root}/api.ts`, 'utf8');
    writeFileSync(`${root}/api.ts`, change(api.replace(WRITTEN_URL, wire.url)));
    return launch(
      root,
      { ...phone.wx, ...more },
      {
        'weapp-login-client': `${root}/miniprogram_npm/weapp-login-client/index.js`,
        'weapp-login-client/encrypted': `${root}/miniprogram_npm/weapp-login-client/encrypted.js`,
      },
    );
  };
  const withoutDevCode = (api: string) => api.replace("  login: () => 'dev:alice',\n", '');

  test('compiles with the options of the template', async () => {
    expect(await tsc(project)).toEqual({ code: 0, output: '' });
  });

  test('logs in, shows the user, changes the nickname, logs out and in again', async () => {
    const index = await start().open('pages/index/index');
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
    const wxml = readFileSync(`${project}/miniprogram/pages/index/index.wxml`, 'utf8');
    expect(handlersIn(wxml).sort()).toEqual(['logIn', 'logOut', 'save']);
    await index.call('save', { value: { nickName: 'Reader' } });
    expect(index.data.me).toMatchObject({ nickName: 'Reader' });
    await index.call('logOut');
    expect(index.data).toMatchObject({ me: null, error: explanations(page).LOGGED_OUT });
    await index.call('onShow');
    expect(index.data.me).toBeNull();
    await index.call('logIn');
    expect(index.data).toMatchObject({ me: { nickName: 'Reader' }, error: '' });
    expect(phone.seen.logins).toBe(0);
  });

  test('calls wx.login once without the line for the sandbox', async () => {
    const index = await start(withoutDevCode).open('pages/index/index');
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
    expect(phone.seen.logins).toBe(1);
  });

  test('shows the text of explain for an error, in each handler, and no promise is rejected', async () => {
    wire.fate = () => 'LOSE_THE_REQUEST';
    const index = await start().open('pages/index/index');
    const { NETWORK } = explanations(page);
    expect(index.data).toMatchObject({ me: null, error: NETWORK });
    for (const handler of ['onShow', 'save', 'logOut', 'logIn']) {
      await index.call(handler, { value: { nickName: 'x' } });
      expect(index.data.error, handler).not.toBe('');
    }
    wire.fate = () => 'PASS';
    await index.call('logIn');
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
    wire.fate = () => 'LOSE_THE_REQUEST';
    await index.call('save', { value: { nickName: 'x' } });
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: NETWORK });
  });

  test('reads the steps, and again if the session_key has changed', async () => {
    let readings = 0;
    const getWeRunData = async () => {
      // Another device of the user logs in before the first reading.
      if (readings++ === 0)
        await fetch(
          `${product.sandbox.url}/sns/jscode2session?appid=${APP_ID}&secret=${APP_SECRET}&js_code=dev:reader&grant_type=authorization_code`,
        );
      return product.control('encrypted', { user: 'reader', kind: 'run' });
    };
    const { loadSteps } = Object(start(withoutDevCode, { getWeRunData }).load('steps'));
    expect(await loadSteps()).toHaveLength(30);
    expect([readings, phone.seen.logins]).toEqual([2, 2]);
  });

  test('has a message for each kind of error', () => {
    const app = start();
    const { explain } = Object(app.load('explain'));
    const { RequestError: Failure } = Object(app.load('weapp-login-client'));
    const failures: Partial<RequestError>[] = [
      { code: 'NETWORK', action: 'RETRY_LATER' },
      { code: 'LOGGED_OUT', action: 'RELOGIN' },
      { code: 'RATE_LIMITED', action: 'RETRY_LATER', retryAfter: 7 },
      { code: 'BAD_USER_INPUT', action: 'FIX_REQUEST' },
      { code: 'WECHAT_USER_BLOCKED', action: 'STOP', requestId: 'r1' },
    ];
    const sentences = failures.map((detail) => explain(new Failure('', detail)));
    expect(new Set([...sentences, explain(new Error('x'))]).size).toBe(6);
    expect(sentences[2]).toContain('7');
    expect(sentences[4]).toContain('r1');
  });
});

/** The texts that explain.ts of a page has for codes. */
function explanations(page: string): Record<string, string> {
  const { text = '' } = snippetsOf(page).find(({ name }) => name.endsWith('explain.ts')) ?? {};
  return Object.fromEntries(
    [...text.matchAll(/error\.code === '(\w+)'\) return '(.*)';/g)].map(([, code, sentence]) => [
      code,
      sentence,
    ]),
  );
}

describe.each(FRAMEWORK_PAGES)('%s', (page) => {
  const me = async (loaded: unknown): Promise<unknown> => {
    const { client: found }: { client: Client } = Object(loaded);
    return found.request('query Me { me { nickName } }');
  };

  test('compiles', async () => {
    const folder = folderOf(page);
    installClient(folder, client);
    const types = resolve('test/types/frameworks/index.d.ts');
    expect(await compile(folder, { target: 'ES2020', lib: ['ES2020'], types: [] }, ['.', types])).toEqual({
      code: 0,
      output: '',
    });
  });

  test('works with Taro, which returns a promise from request', async () => {
    const Taro = {
      ...phone.wx,
      login: () => new Promise((success, fail) => phone.wx.login({ success, fail })),
      request: (options: Parameters<Phone['wx']['request']>[0]) =>
        new Promise((resolve, reject) =>
          phone.wx.request({
            ...options,
            success: (response) => {
              options.success?.(response);
              resolve(response);
            },
            fail: (reason) => {
              options.fail?.(reason);
              reject(reason);
            },
          }),
        ),
    };
    const load = createLoader(
      folderOf(page),
      {},
      {
        '@tarojs/taro': { __esModule: true, default: Taro },
        'weapp-login-client': `${client}/index.js`,
      },
    );
    const { loadMe } = Object(load('taro/useMe'));
    expect(await loadMe()).toMatchObject({ id: expect.any(String) });
    const { client: found }: { client: Client } = Object(load('taro/api'));
    const task = found.request('query Me { me { id } }');
    task.abort();
    await expect(task).rejects.toMatchObject({ code: 'ABORTED' });
    expect(phone.seen.logins).toBe(1);
  });

  test('works with uni-app', async () => {
    const load = createLoader(
      folderOf(page),
      { uni: phone.wx },
      { 'weapp-login-client': `${client}/index.js` },
    );
    expect(await me(load('uni/api'))).toEqual({
      me: { nickName: expect.toBeOneOf([null, expect.any(String)]) },
    });
    expect(phone.seen.logins).toBe(1);
  });

  test('works with fetch', async () => {
    const load = createLoader(
      folderOf(page),
      { fetch, AbortController },
      { 'weapp-login-client': `${client}/index.js`, 'weapp-login-client/fetch': `${client}/fetch.js` },
    );
    expect(await me(load('h5/api'))).toHaveProperty('me.nickName');
  });
});

const EXAMPLE = 'examples/typed-client';
const SCHEMA = buildSchema(readFileSync('schema.graphql', 'utf8'));
const CUSTOM_SCALARS = ['DateTime', 'Date', 'LenientBoolean'];

/** The first cells of the table rows of a page, without heads. */
function firstCells(page: string): string[] {
  const rows = [...readFileSync(page, 'utf8').matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell);
  return rows.slice(1);
}

describe.each(['client/README.md', 'client/README.zh-CN.md'])('%s', (page) => {
  test('has code that compiles', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-docs-'));
    const snippets = snippetsOf(page).filter(({ language }) => language === 'ts');
    writeSnippets(
      snippets.map((snippet, i) => ({ ...snippet, name: `snippet${i}.ts` })),
      folder,
    );
    installClient(folder, client, ['miniprogram-api-typings']);
    expect(snippets).toHaveLength(4);
    const options = { target: 'ES2022', lib: ['ES2022'], types: ['miniprogram-api-typings'] };
    expect(await compile(folder, options, ['.'])).toEqual({ code: 0, output: '' });
  });
});

describe.each(CODEGEN_PAGES)('%s', (page) => {
  test('installs the packages and overrides of the example', () => {
    type Manifest = { devDependencies: Record<string, string>; overrides: Record<string, string> };
    const { devDependencies, overrides }: Manifest = JSON.parse(
      readFileSync(`${EXAMPLE}/package.json`, 'utf8'),
    );
    const packages = commandIn(page, 'npm install').trim().split(' ').slice(3);
    const known = Object.entries(devDependencies).map(([name, version]) => `${name}@${version}`);
    expect(packages).toHaveLength(5);
    expect(packages.filter((each) => !known.includes(each))).toEqual([]);
    expect(commandIn(page, 'npm pkg set').trim().split(' ').slice(3)).toEqual(
      Object.entries(overrides).map(([name, version]) => `overrides.${name}=${version}`),
    );
  });

  test.skipIf(!existsSync(`${EXAMPLE}/node_modules/.bin/graphql-codegen`))(
    'followed from an empty folder installs without a warning about Node, generates, and compiles',
    { timeout: 300_000 },
    async () => {
      const root = mkdtempSync(join(tmpdir(), 'weapp-login-docs-'));
      const folder = `${root}/project`;
      writeSnippets(snippetsOf(page), folder);
      packClient(`${root}/weapp-login/client`);
      writeFileSync(`${folder}/schema.graphql`, readFileSync('schema.graphql'));
      const steps = [
        'npm init -y',
        ...['npm pkg set', 'npm install', '--config codegen.ts', 'npm install ../'].map((text) =>
          commandIn(page, text),
        ),
      ];
      for (const step of steps) {
        const { code, output } = await run('bash', ['-c', step], { cwd: folder });
        expect(code, output).toBe(0);
        expect(output).not.toContain('EBADENGINE');
      }
      const options = { target: 'ES2020', lib: ['ES2020'], types: [] };
      expect(await compile(folder, options, ['src/me.ts'])).toEqual({ code: 0, output: '' });
    },
  );

  test.skipIf(!existsSync(`${EXAMPLE}/node_modules/.bin/graphql-codegen`))(
    'has code that is generated, compiles, and runs against the server',
    { timeout: 120_000 },
    async () => {
      const folder = folderOf(page);
      writeFileSync(`${folder}/schema.graphql`, readFileSync('schema.graphql'));
      writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
      symlinkSync(resolve(EXAMPLE, 'node_modules'), `${folder}/node_modules`);
      const command = commandIn(page, '--config codegen.ts');
      expect((await run('bash', ['-c', command], { cwd: folder })).code).toBe(0);
      const options = { target: 'ES2020', lib: ['ES2020'], types: [] };
      expect(await compile(folder, options, ['src/me.ts'])).toEqual({ code: 0, output: '' });
      const load = createLoader(
        folder,
        { fetch, AbortController, wx: phone.wx },
        {
          'weapp-login-client': `${client}/index.js`,
        },
      );
      const { createClient } = Object(load('weapp-login-client'));
      const { rename, findLastLogin } = Object(load('src/me'));
      const mine = createClient({ url: `http://127.0.0.1:${server.port}/graphql` });
      expect(await rename(mine, 'Generated')).toBe('Generated');
      expect(await findLastLogin(mine)).toMatch(/^\d{4}-/);
    },
  );

  test('maps each custom scalar of the schema, and lists it in the table', () => {
    const configs = snippetsOf(page).filter(({ name }) => name.startsWith('codegen.'));
    expect(configs).toHaveLength(2);
    for (const { text } of configs) {
      expect(text).toContain('strictScalars: true');
      for (const scalar of CUSTOM_SCALARS) expect(text).toMatch(new RegExp(`^ +${scalar}: `, 'm'));
    }
    expect(firstCells(page)).toEqual(CUSTOM_SCALARS.map((scalar) => `\`${scalar}\``));
  });

  test.skipIf(!existsSync(`${EXAMPLE}/node_modules/.bin/graphql-codegen`))(
    'fails to generate if a custom scalar is not mapped',
    { timeout: 120_000 },
    async () => {
      const folder = folderOf(page);
      writeFileSync(`${folder}/schema.graphql`, readFileSync('schema.graphql'));
      writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
      symlinkSync(resolve(EXAMPLE, 'node_modules'), `${folder}/node_modules`);
      const config = readFileSync(`${folder}/codegen.ts`, 'utf8');
      writeFileSync(`${folder}/codegen.ts`, config.replace("DateTime: 'string',", ''));
      const { code, output } = await run('bash', ['-c', commandIn(page, '--config codegen.ts')], {
        cwd: folder,
        env: { NODE_ENV: 'development' },
      });
      expect(code).not.toBe(0);
      expect(output).toContain('Unknown scalar type DateTime');
    },
  );

  test.skipIf(!existsSync(`${EXAMPLE}/node_modules/.bin/graphql-codegen`))(
    'makes a list of operations that is enough for login, renewal and logout, and that allows no others',
    { timeout: 120_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'weapp-login-docs-'));
      writeSnippets(snippetsOf(page), folder);
      writeFileSync(`${folder}/schema.graphql`, readFileSync('schema.graphql'));
      writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
      const installed = readdirSync(`${EXAMPLE}/node_modules`).filter(
        (name) => name !== 'weapp-login-client',
      );
      mkdirSync(`${folder}/node_modules`);
      for (const name of installed)
        symlinkSync(resolve(EXAMPLE, 'node_modules', name), `${folder}/node_modules/${name}`);
      cpSync('client', `${folder}/node_modules/weapp-login-client`, { recursive: true });
      cpSync(client, `${folder}/node_modules/weapp-login-client/dist`, { recursive: true });
      const command = commandIn(page, '--config codegen.persisted.ts');
      expect((await run('bash', ['-c', command], { cwd: folder })).code).toBe(0);
      const options = { target: 'ES2020', lib: ['ES2020'], types: [] };
      expect(await compile(folder, options, ['src'])).toEqual({ code: 0, output: '' });

      const list = `${folder}/src/gql/persisted-documents.json`;
      const strict = await startProduct('file::memory:', { PERSISTED_DOCUMENTS: list });
      const strictServer = await listening(strict);
      const api = readFileSync(`${folder}/src/persisted.ts`, 'utf8');
      writeFileSync(
        `${folder}/src/persisted.ts`,
        api.replace(WRITTEN_URL, `http://127.0.0.1:${strictServer.port}/graphql`),
      );
      let later = 0;
      const clock = { now: () => Date.now() + later, parse: Date.parse };
      const { wx } = createPhone(() => strict.mint('listed'));
      const load = createLoader(folder, { wx, Date: clock }, { 'weapp-login-client': `${client}/index.js` });
      const { rename, findLastLogin } = Object(load('src/me'));
      const { client: mine }: { client: Client } = Object(load('src/persisted'));
      const { token } = await mine.login();
      expect(await rename(mine, 'Listed')).toBe('Listed');
      later = 3_300_000;
      strict.clock.now += later;
      expect(await findLastLogin(mine)).toMatch(/^\d{4}-/);
      expect(mine.session()?.token).not.toBe(token);
      await expect(mine.request('query Other { me { openId } }')).rejects.toMatchObject({
        code: 'PERSISTED_DOCUMENT_REQUIRED',
        action: 'FIX_REQUEST',
      });
      await mine.logout();
      await strictServer.close();
      await strict.close();
    },
  );
});

describe.each(SANDBOX_PAGES)('%s', (page) => {
  test('has curl commands that work', async () => {
    const sandbox = await createSandbox({ apps: [SANDBOX_APP] });
    const commands = commandIn(page, 'curl').trim().split('\n');
    const outputs = [];
    for (const command of commands) {
      const silent = command.replace('curl', 'curl -s').replace('http://127.0.0.1:4001', sandbox.url);
      outputs.push(JSON.parse((await run('bash', ['-c', silent])).output));
    }
    expect(outputs).toEqual([
      { code: expect.any(String) },
      { openid: expect.any(String), session_key: expect.any(String) },
      { encryptedData: expect.any(String), iv: expect.any(String) },
    ]);
    await sandbox.close();
  });

  test('lists all faults', () => {
    const sections = readFileSync(page, 'utf8').split(/^## /m);
    const faults = sections.find((section) => /^(Faults|故障)\n/.test(section)) ?? '';
    const cells = [...faults.matchAll(/^\| (`.*?) \|/gm)].flatMap(
      ([, cell = '']) => cell.match(/[\w-]+/g) ?? [],
    );
    expect(cells.sort()).toEqual([...FAULT_NAMES].sort());
  });

  test('lists the APIs and controls that exist', async () => {
    const sandbox = await createSandbox({ apps: [SANDBOX_APP] });
    const text = readFileSync(page, 'utf8');
    const paths = new Set(text.match(/(?<=[` ])\/(?:sns|cgi-bin|wxa|sandbox)\/[\w/-]+/g));
    expect(paths.size).toBe(15);
    for (const path of paths)
      expect(await (await fetch(sandbox.url + path)).text(), path).not.toContain('invalid url');
    await sandbox.close();
  });
});

describe.each(WECHAT_PAGES)('%s', (page) => {
  test('has push settings that the server accepts', async () => {
    const block = snippetsOf(page).find(({ language }) => language === 'text')?.text ?? '';
    const aesKey = 'a'.repeat(43);
    const settings = block
      .replaceAll('<AppID>', APP_ID)
      .replace('<Token>', 'pushToken')
      .replace('<EncodingAESKey>', aesKey);
    const [, url = ''] = /^URL +(\S+)$/m.exec(settings) ?? [];
    const [, WECHAT_PUSH = ''] = /^WECHAT_PUSH +(\S+)$/m.exec(settings) ?? [];
    const more = { WECHAT_PUSH };
    expect(readConfig(environment(more)).wechat.pushes).toEqual([
      { appId: APP_ID, token: 'pushToken', aesKey },
    ]);
    const pushed = await startProduct('file::memory:', more);
    const pushServer = await listening(pushed);
    const path = new URL(url).pathname;
    const query = { timestamp: String(Math.floor(pushed.clock.now / 1000)), nonce: 'n', echostr: 'echo' };
    const signature = pushSignature('pushToken', query.timestamp, query.nonce);
    const response = await fetch(
      `http://127.0.0.1:${pushServer.port}${path}?${new URLSearchParams({ ...query, signature })}`,
    );
    expect([response.status, await response.text()]).toEqual([200, 'echo']);
    await pushServer.close();
    await pushed.close();
  });
});

function fieldsOf(root: GraphQLObjectType | null | undefined): GraphQLField<unknown, unknown>[] {
  return Object.values(root?.getFields() ?? {});
}

const QUERIES = fieldsOf(SCHEMA.getQueryType());
const MUTATIONS = fieldsOf(SCHEMA.getMutationType());

describe('the rules of docs/schema.md', () => {
  const types = Object.values(SCHEMA.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const objects = types.filter(isObjectType);

  test('queries are nullable', () => {
    expect(QUERIES.length).toBeGreaterThan(2);
    for (const { name, type } of QUERIES) expect(isNonNullType(type), name).toBe(false);
  });

  test('lists of a query are connections with totalCount', () => {
    const connections = objects.filter(({ name }) => name.endsWith('Connection'));
    expect(connections.length).toBeGreaterThan(0);
    for (const connection of connections)
      expect(Object.keys(connection.getFields()).sort()).toEqual(['edges', 'pageInfo', 'totalCount']);
    for (const { name, type } of QUERIES) expect(isListType(type), name).toBe(false);
  });

  test('a mutation returns a non-null payload type of its own, named after it', () => {
    expect(MUTATIONS.length).toBeGreaterThan(9);
    for (const { name, type } of MUTATIONS)
      expect(String(type)).toBe(`${name.charAt(0).toUpperCase()}${name.slice(1)}Payload!`);
  });

  test('the payloads with a token implement SessionPayload', () => {
    const sessions = objects.filter((type) => 'token' in type.getFields());
    expect(sessions.map(({ name }) => name)).toEqual(['LoginPayload', 'RenewTokenPayload']);
    const [session] = types.filter(isInterfaceType);
    expect(session?.name).toBe('SessionPayload');
    for (const type of sessions) expect(type.getInterfaces()).toEqual([session]);
  });

  test.each(SCHEMA_PAGES)('each error code is in a description or in the list of %s', (page) => {
    const codes = SCHEMA.getType('ErrorCode');
    if (!isEnumType(codes)) throw new Error('ErrorCode is not an enum');
    const known = codes.getValues().map(({ name }) => name);
    const listed = new Set(readFileSync(page, 'utf8').match(/(?<=`)[A-Z]+_[A-Z_]+(?=`)/g));
    expect(listed.size).toBe(11);
    const described = [...QUERIES, ...MUTATIONS].flatMap(({ name, description }) => {
      const [, list = ''] = /\n\nErrors: ([A-Z_, ]+)\.$/.exec(description ?? '') ?? [];
      expect(list, name).not.toBe('');
      return list.split(', ');
    });
    // Invalid variables reject the whole request.
    for (const code of described) expect(listed.has(code), code).toBe(code === 'BAD_USER_INPUT');
    expect([...new Set([...described, ...listed])].sort()).toEqual([...known].sort());
  });

  test('custom scalars have @specifiedBy', () => {
    const scalars = types.filter(isScalarType).filter((type) => !isSpecifiedScalarType(type));
    expect(scalars.map(({ name }) => name).sort()).toEqual([...CUSTOM_SCALARS].sort());
    for (const { name, specifiedByURL } of scalars) expect(specifiedByURL, name).toMatch(/^https:/);
  });

  test('the name of a field ends in At if it is a DateTime, and only then', () => {
    for (const object of objects)
      for (const { name, type } of Object.values(object.getFields()))
        expect(name.endsWith('At'), `${object.name}.${name}`).toBe(/^DateTime!?$/.test(String(type)));
  });

  test.each(SCHEMA_PAGES)('the operations of %s are valid', (page) => {
    const operations = snippetsOf(page).filter(({ language }) => language === 'graphql');
    expect(operations).toHaveLength(2);
    for (const { text } of operations) expect(validate(SCHEMA, parse(text))).toEqual([]);
  });

  test('a mutation that fails makes data null; the one before it remains in effect, the one after it does not run', async () => {
    const token = (await product.login('dev:rules')).data?.login.token;
    const { data, errors } = await product.query(
      `mutation {
        before: updateProfile(profile: { city: "Before" }) { user { id } }
        bindPhone(code: "") { user { id } }
        after: updateProfile(profile: { city: "After" }) { user { id } }
      }`,
      { token },
    );
    expect(data).toBeNull();
    expect(errors?.map(({ path }) => path)).toEqual([['bindPhone']]);
    const { data: read } = await product.query<{ me: { city: string } }>('{ me { city } }', { token });
    expect(read?.me.city).toBe('Before');
  });

  test('a query that fails is null, and the other queries of the request return data', async () => {
    const token = (await product.login('dev:rules')).data?.login.token;
    const { data, errors } = await product.query('{ me { id } users { totalCount } }', { token });
    expect(data).toEqual({ me: { id: expect.any(String) }, users: null });
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });
});
