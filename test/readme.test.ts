import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from './support/databases.ts';
import { run } from './support/project.ts';
import { type Server, startServer } from './support/server.ts';
import { snippetsOf } from './support/snippets.ts';

type WxRequest = {
  url: string;
  method: string;
  header: Record<string, string>;
  data: unknown;
  success: (result: { data: unknown }) => void;
};

function blocksOf(page: string, language: string): string[] {
  return snippetsOf(page)
    .filter((snippet) => snippet.language === language)
    .map(({ text }) => text);
}

describe.each(['README.md', 'README.zh-CN.md'])('%s', (page) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer((await DATABASES[0]?.create()) ?? '');
  });
  afterAll(async () => {
    await server.close();
  });

  async function runCurl(command: string, token = '') {
    const { code, output } = await run(
      'bash',
      ['-c', command.replace('localhost:4000', `127.0.0.1:${server.port}`)],
      { env: { TOKEN: token } },
    );
    expect(code).toBe(0);
    return JSON.parse(output);
  }

  test('the curl commands log in and read me', async () => {
    const block = blocksOf(page, 'sh').find((text) => text.includes('curl')) ?? '';
    const [login = '', me = ''] = block.split('\n\n');
    const { token, user } = (await runCurl(login)).data.login;
    expect((await runCurl(me, token)).data.me).toMatchObject({ ...user, nickName: 'Alice' });
  });

  test('the snippet for a mini program logs in, and logs in again when its token is rejected', async () => {
    const [snippet = ''] = blocksOf(page, 'js');
    const logged: unknown[] = [];
    const storage = new Map<string, string>([['token', 'an.old.token']]);
    let logins = 0;
    const wx = {
      login: async ({ success }: { success: (result: { code: string }) => void }) => {
        logins += 1;
        success({ code: await server.product.mint('reader') });
      },
      getStorageSync: (key: string) => storage.get(key) ?? '',
      setStorageSync: (key: string, value: string) => storage.set(key, value),
      request: async ({ url, method, header, data, success }: WxRequest) => {
        const response = await fetch(url.replace('localhost:4000', `127.0.0.1:${server.port}`), {
          method,
          headers: { 'content-type': 'application/json', ...header },
          body: JSON.stringify(data),
        });
        success({ data: await response.json() });
      },
    };
    runInContext(snippet, createContext({ wx, console: { log: (value: unknown) => logged.push(value) } }));
    await expect.poll(() => logged).toEqual([{ id: expect.any(String), nickName: null }]);
    expect(logins).toBe(1);
  });

  test('the run and test commands are those that CI runs', () => {
    const ci = readFileSync('.ci/run', 'utf8');
    for (const command of ['npm ci && npm start', 'npm ci && npm run test:install && npm test']) {
      expect(blocksOf(page, 'sh').map((block) => block.trim())).toContain(command);
      expect(ci).toContain(command);
    }
  });
});

test.each(['Dockerfile', 'compose.yaml', 'README.md', 'README.zh-CN.md', 'SECURITY.md', 'SECURITY.zh-CN.md'])(
  '%s names only scripts of package.json',
  (file) => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = [...readFileSync(file, 'utf8').matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  },
);

test('git ignores the files that hold secrets', () => {
  const files = ['.data/secrets.json', '.env'];
  const ignored = execFileSync('git', ['check-ignore', ...files], { encoding: 'utf8' });
  expect(ignored.trim().split('\n')).toEqual(files);
});
