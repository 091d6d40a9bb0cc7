import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, listen } from '../src/http.ts';
import { DATABASES } from './support/databases.ts';
import { type Product, startProduct } from './support/product.ts';

const blocks = (file: string, language: string) =>
  [...readFileSync(file, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  );

describe.each(['README.md', 'README.zh-CN.md'])('%s', (file) => {
  let product: Product;
  let server: HttpServer;
  beforeAll(async () => {
    product = await startProduct((await DATABASES[0]?.create()) ?? '');
    server = await listen(product.app, { host: '127.0.0.1', port: 0, graphiql: false });
  });
  afterAll(async () => {
    await server.close();
    await product.close();
  });

  test('its curl commands log in and read me', async () => {
    const [login = '', me = ''] = (blocks(file, 'sh').find((block) => block.includes('curl')) ?? '').split(
      '\n\n',
    );
    const shell = async (command: string, token = '') => {
      const { execFile } = await import('node:child_process');
      const text = await new Promise<string>((resolve, reject) =>
        execFile(
          'bash',
          ['-c', command.replace('localhost:4000', `127.0.0.1:${server.port}`)],
          { env: { ...process.env, TOKEN: token } },
          (error, stdout) => (error ? reject(error) : resolve(stdout)),
        ),
      );
      return JSON.parse(text);
    };
    const { token, user } = (await shell(login)).data.login;
    expect((await shell(me, token)).data.me).toMatchObject({ ...user, nickName: 'Alice' });
  });

  test('its snippet for a mini program logs in, and again when the token is refused', async () => {
    const [snippet = ''] = blocks(file, 'js');
    const shown: unknown[] = [];
    const storage = new Map<string, string>([['token', 'an.old.token']]);
    let logins = 0;
    const wx = {
      login: async ({ success }: { success: (result: { code: string }) => void }) => {
        logins += 1;
        success({ code: await product.mint('reader') });
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
    runInContext(snippet, createContext({ wx, console: { log: (value: unknown) => shown.push(value) } }));
    await expect.poll(() => shown).toEqual([{ id: expect.any(String), nickName: null }]);
    expect(logins).toBe(1);
  });

  test('every file that it names is there', () => {
    const named = [
      ...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)]+)\)|`((?:test|docs|src)\/[^`]+)`/g),
    ].map(([, a, b]) => a ?? b ?? '');
    expect(named.length).toBeGreaterThan(5);
    for (const path of named) expect(() => readFileSync(path), path).not.toThrow();
  });

  test('its run and test commands are the ones that CI runs', () => {
    const ci = readFileSync('.ci/run', 'utf8');
    for (const command of ['npm ci && npm start', 'npm ci && npm run test:install && npm test']) {
      expect(blocks(file, 'sh').map((block) => block.trim())).toContain(command);
      expect(ci).toContain(command);
    }
  });
});

type WxRequest = {
  url: string;
  method: string;
  header: Record<string, string>;
  data: unknown;
  success: (result: { data: unknown }) => void;
};

test('Dockerfile and compose name only what is in package.json', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
  const used = [
    ...(readFileSync('Dockerfile', 'utf8') + readFileSync('compose.yaml', 'utf8')).matchAll(
      /npm run ([\w:]+)/g,
    ),
  ].map(([, name = '']) => name);
  expect(used.filter((name) => !(name in scripts))).toEqual([]);
  expect(execFileSync('git', ['check-ignore', '.data', '.env'], { encoding: 'utf8' }).split('\n')).toContain(
    '.env',
  );
});
