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
  success: (result: { statusCode: number; data: unknown }) => void;
};

function blocksOf(page: string, language: string): string[] {
  return snippetsOf(page)
    .filter((snippet) => snippet.language === language)
    .map(({ text }) => text);
}

/** wx parses JSON and returns anything else as a string. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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

  type Me = { me: { id: string; nickName: string | null } };
  type Reader = {
    request(query: string): Promise<Me>;
    seen: { logins: number; logged: unknown[]; failed: unknown[] };
  };
  const ME = '{ me { id nickName } }';

  /** Runs the snippet. The responses of `gateway` come instead of those of the server. */
  function runSnippet(storage: Map<string, string>, gateway: (() => Response)[] = []): Reader {
    const [snippet = ''] = blocksOf(page, 'js');
    const seen: Reader['seen'] = { logins: 0, logged: [], failed: [] };
    const wx = {
      login: async ({ success }: { success: (result: { code: string }) => void }) => {
        seen.logins += 1;
        success({ code: await server.product.mint('reader') });
      },
      getStorageSync: (key: string) => storage.get(key) ?? '',
      setStorageSync: (key: string, value: string) => storage.set(key, value),
      request: async ({ url, method, header, data, success }: WxRequest) => {
        const response =
          gateway.shift()?.() ??
          (await fetch(url.replace('localhost:4000', `127.0.0.1:${server.port}`), {
            method,
            headers: { 'content-type': 'application/json', ...header },
            body: JSON.stringify(data),
          }));
        success({ statusCode: response.status, data: parsed(await response.text()) });
      },
    };
    const console = {
      log: (value: unknown) => seen.logged.push(value),
      error: (value: unknown) => seen.failed.push(value),
    };
    const world = createContext({ wx, console });
    runInContext(snippet, world);
    return { request: runInContext('request', world), seen };
  }

  test('the snippet for a mini program logs in, and logs in again when its token is rejected', async () => {
    const { seen } = runSnippet(new Map([['token', 'an.old.token']]));
    await expect.poll(() => seen.logged).toEqual([{ id: expect.any(String), nickName: null }]);
    expect(seen.logins).toBe(1);
  });

  test.each(['', 'an.old.token'])(
    'concurrent requests of the snippet with the token %j share one wx.login',
    async (token) => {
      const { request, seen } = runSnippet(new Map([['token', token]]));
      const answers = await Promise.all(Array.from({ length: 20 }, () => request(ME)));
      expect(new Set(answers.map(({ me }) => me.id)).size).toBe(1);
      expect(seen.logins).toBe(1);
    },
  );

  test('a request of the snippet whose token is rejected late uses the new token', async () => {
    const storage = new Map([['token', 'an.old.token']]);
    const { request, seen } = runSnippet(storage);
    await expect.poll(() => seen.logged).toHaveLength(1);
    const token = storage.get('token') ?? '';
    storage.set('token', 'an.old.token');
    const late = request(ME);
    storage.set('token', token);
    expect((await late).me.id).toEqual(expect.any(String));
    expect(seen.logins).toBe(1);
  });

  test.each([
    [502, '<html>502 Bad Gateway</html>'],
    [200, '<html>Please log in to the network</html>'],
    [200, ''],
    [500, '{"message":"oops"}'],
  ])('the snippet rejects if a gateway responds %i %s', async (status, body) => {
    const { seen } = runSnippet(new Map([['token', 'a.b.c']]), [() => new Response(body, { status })]);
    await expect.poll(() => seen.failed).toHaveLength(1);
    expect(seen.failed[0]).toMatchObject({ message: `HTTP ${status}: not GraphQL` });
    expect([seen.logged, seen.logins]).toEqual([[], 0]);
  });

  test('the snippet does not store the HTML response to a login, and logs in with the next request', async () => {
    const storage = new Map<string, string>();
    const { request, seen } = runSnippet(storage, [() => new Response('<html></html>', { status: 502 })]);
    await expect.poll(() => seen.failed).toHaveLength(1);
    expect([...storage]).toEqual([]);
    expect((await request(ME)).me.id).toEqual(expect.any(String));
    expect(seen.logins).toBe(2);
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
