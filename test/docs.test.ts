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
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, RequestError } from '../client/src/index.mts';
import type { HttpServer } from '../src/http/server.ts';
import { buildClient } from './support/client.ts';
import { listening } from './support/listening.ts';
import { createLoader, handlersIn, launch } from './support/mini-program.ts';
import { type Product, startProduct } from './support/product.ts';
import { installClient, run, tsc } from './support/project.ts';
import { linksOf, snippetsOf, writeSnippets } from './support/snippets.ts';
import { createPhone, type Phone } from './support/wx.ts';

const PAGES = [
  'docs/mini-program.zh-CN.md',
  'docs/mini-program.md',
  'docs/taro-uni-app.md',
  'docs/codegen.md',
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

const withUrl = (text: string) => text.replace(WRITTEN_URL, `http://127.0.0.1:${server.port}/graphql`);

/** What stands on the page, in a folder of its own. */
const folderOf = (page: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-docs-'));
  writeSnippets(snippetsOf(page), folder, withUrl);
  return folder;
};

const compile = (folder: string, options: object, include: string[]) => {
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
};

test.each(PAGES)('%s links to files that are there', (page) => {
  expect(linksOf(page).length).toBeGreaterThan(1);
  expect(linksOf(page).filter((path) => !existsSync(path))).toEqual([]);
});

test.each(PAGES)('%s has no block that is not tried here', (page) => {
  const tried = [
    'npm ci && npm start',
    'cd client && npm run build && npm pack',
    'npx graphql-codegen --config codegen.ts --verbose',
    'npx graphql-codegen --config codegen.persisted.ts && node ids.mjs',
  ];
  const nameless = snippetsOf(page).filter(({ name }) => !name);
  for (const { text } of nameless)
    expect(tried.includes(text.trim()) || text.startsWith('npm install --save-dev ')).toBe(true);
});

test('the command that packs the client makes the file that the pages name', async () => {
  const destination = mkdtempSync(join(tmpdir(), 'weapp-login-pack-'));
  const { code } = await run('bash', ['-c', 'cd client && npm run build && npm pack'], {
    env: { npm_config_pack_destination: destination },
  });
  expect(code).toBe(0);
  const [file = ''] = readdirSync(destination);
  for (const page of PAGES.slice(0, 2)) expect(readFileSync(page, 'utf8')).toContain(`\`${file}\``);
  const { output } = await run('tar', ['-tzf', `${destination}/${file}`]);
  for (const path of [
    'dist/index.js',
    'dist/index.mjs',
    'dist/index.d.ts',
    'dist/fetch.js',
    'README.md',
    'operations.graphql',
  ])
    expect(output).toContain(`package/${path}`);
});

describe.each(['docs/mini-program.zh-CN.md', 'docs/mini-program.md'])('the mini program of %s', (page) => {
  const start = (folder: string) => launch(folder, phone.wx, { 'weapp-login-client': `${client}/index.js` });

  test('compiles', async () => {
    const folder = folderOf(page);
    installClient(folder, client, ['miniprogram-api-typings']);
    const options = { target: 'ES2018', lib: ['ES2018'], types: ['miniprogram-api-typings'] };
    expect(await compile(folder, options, ['.'])).toEqual({ code: 0, output: '' });
  });

  test('logs in, shows me, changes the name, logs out and in again', async () => {
    const folder = folderOf(page);
    const app = start(folder);
    const index = await app.open('pages/index/index');
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
    const wxml = readFileSync(`${folder}/pages/index/index.wxml`, 'utf8');
    expect(handlersIn(wxml)).toEqual(['save']);
    await index.call('save', { value: { nickName: 'Reader' } });
    expect(index.data.me).toMatchObject({ nickName: 'Reader' });
    const account = Object(app.load('account'));
    await account.signOut();
    await index.call('onShow');
    expect(index.data.error).toBe('logged out');
    await account.signIn();
    await index.call('onShow');
    expect(index.data.error).toBe('');
    expect(phone.seen.logins).toBe(0);
  });

  test('without the line for the sandbox it calls wx.login, once', async () => {
    const folder = folderOf(page);
    const api = readFileSync(`${folder}/api.ts`, 'utf8');
    writeFileSync(`${folder}/api.ts`, api.replace("  login: () => 'dev:alice',\n", ''));
    const index = await start(folder).open('pages/index/index');
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
    expect(phone.seen.logins).toBe(1);
  });

  test('has a sentence for every kind of error', () => {
    const app = start(folderOf(page));
    const { explain } = Object(app.load('explain'));
    const { RequestError: Failure } = Object(app.load('weapp-login-client'));
    const sentences = [
      { code: 'NETWORK', action: 'RETRY_LATER' },
      { code: 'LOGGED_OUT', action: 'RELOGIN' },
      { code: 'RATE_LIMITED', action: 'RETRY_LATER', retryAfter: 7 },
      { code: 'BAD_USER_INPUT', action: 'FIX_REQUEST' },
      { code: 'WECHAT_USER_BLOCKED', action: 'STOP', requestId: 'r1' },
    ].map((detail: Partial<RequestError>) => explain(new Failure('', detail)));
    expect(new Set([...sentences, explain(new Error('x'))]).size).toBe(6);
    expect(sentences[2]).toContain('7');
    expect(sentences[4]).toContain('r1');
  });
});

describe('docs/taro-uni-app.md', () => {
  const page = 'docs/taro-uni-app.md';
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

  test('works with Taro, whose request is a promise as well', async () => {
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

  test('works by fetch', async () => {
    const load = createLoader(
      folderOf(page),
      { fetch, AbortController },
      { 'weapp-login-client': `${client}/index.js`, 'weapp-login-client/fetch': `${client}/fetch.js` },
    );
    expect(await me(load('h5/api'))).toHaveProperty('me.nickName');
  });
});

const EXAMPLE = 'examples/typed-client';

describe('client/README.md', () => {
  test('its snippets compile', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weapp-login-docs-'));
    const snippets = snippetsOf('client/README.md').filter(({ language }) => language === 'ts');
    writeSnippets(
      snippets.map((snippet, i) => ({ ...snippet, name: `snippet${i}.ts` })),
      folder,
    );
    installClient(folder, client);
    expect(snippets).toHaveLength(2);
    expect(await compile(folder, { target: 'ES2022', lib: ['ES2022', 'DOM'], types: [] }, ['.'])).toEqual({
      code: 0,
      output: '',
    });
  });
});

describe('docs/codegen.md', () => {
  const page = 'docs/codegen.md';

  test('names the packages of the example', () => {
    const { devDependencies }: { devDependencies: object } = JSON.parse(
      readFileSync(`${EXAMPLE}/package.json`, 'utf8'),
    );
    const [command = ''] = snippetsOf(page).map(({ text }) => text);
    const packages = command.trim().split(' ').slice(3);
    expect(packages).toHaveLength(5);
    expect(packages.filter((name) => !(name in devDependencies))).toEqual([]);
  });

  test.skipIf(!existsSync(`${EXAMPLE}/node_modules/.bin/graphql-codegen`))(
    'generates, compiles, and runs against the server',
    { timeout: 120_000 },
    async () => {
      const folder = folderOf(page);
      writeFileSync(`${folder}/schema.graphql`, readFileSync('schema.graphql'));
      writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
      symlinkSync(resolve(EXAMPLE, 'node_modules'), `${folder}/node_modules`);
      const command = snippetsOf(page).find(({ text }) => text.startsWith('npx'))?.text ?? '';
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
      const { rename, whenLastSeen } = Object(load('src/me'));
      const mine = createClient({ url: `http://127.0.0.1:${server.port}/graphql` });
      expect(await rename(mine, 'Generated')).toBe('Generated');
      expect(await whenLastSeen(mine)).toMatch(/^\d{4}-/);
    },
  );

  test.skipIf(!existsSync(`${EXAMPLE}/node_modules/.bin/graphql-codegen`))(
    'makes a list from which the whole life of a session is served, and nothing else is',
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
      const command =
        snippetsOf(page).find(({ text }) => text.includes('codegen.persisted.ts &&'))?.text ?? '';
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
      const { rename, whenLastSeen } = Object(load('src/me'));
      const { client: mine }: { client: Client } = Object(load('src/persisted'));
      const { token } = await mine.login();
      expect(await rename(mine, 'Listed')).toBe('Listed');
      later = 3_300_000;
      strict.clock.now += later;
      expect(await whenLastSeen(mine)).toMatch(/^\d{4}-/);
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
