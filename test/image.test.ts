import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, openIdOf, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET, JWT_SECRET, SESSION_KEY_SECRET } from './support/canaries.ts';
import { post } from './support/process.ts';
import { APP_ID } from './support/product.ts';
import { run } from './support/project.ts';

/** The lines of the Dockerfile, by stage; each `FROM` begins one. */
const STAGES = readFileSync('Dockerfile', 'utf8')
  .split(/^FROM /m)
  .slice(1)
  .map((stage) => stage.split('\n').slice(1));
const INSTRUCTIONS = /^(COPY|RUN) (.+)$/;

/** npm installs what it downloaded for this folder. */
const CACHED = { npm_config_prefer_offline: 'true', npm_config_audit: 'false' };

/** Does what COPY and RUN of a stage say, in a folder instead of an image. */
async function replay(stage: readonly string[], folder: string, from: string): Promise<void> {
  for (const line of stage) {
    const [, instruction, rest = ''] = INSTRUCTIONS.exec(line) ?? [];
    if (instruction === 'RUN') {
      expect(await run('bash', ['-c', rest], { cwd: folder, env: CACHED }), rest).toMatchObject({ code: 0 });
    }
    if (instruction !== 'COPY') continue;
    const isFromStage = rest.startsWith('--from=build ');
    const paths = rest.replace('--from=build ', '').split(' ');
    const target = paths.pop() ?? '';
    for (const path of paths) {
      const source = isFromStage ? join(from, path.replace('/app/', '')) : resolve(path);
      const intoFolder = target.endsWith('/') || !statSync(source).isDirectory();
      cpSync(source, intoFolder ? join(folder, target, basename(source)) : join(folder, target), {
        recursive: true,
      });
    }
  }
}

describe('the image of the Dockerfile', { timeout: 180_000 }, () => {
  let image: string;
  let sandbox: Sandbox;
  let env: Record<string, string>;
  beforeAll(async () => {
    const build = mkdtempSync(join(tmpdir(), 'weapp-login-build-'));
    image = mkdtempSync(join(tmpdir(), 'weapp-login-image-'));
    await replay(STAGES[0] ?? [], build, '');
    await replay(STAGES[1] ?? [], image, build);
    sandbox = await createSandbox({ apps: [{ appId: APP_ID, secret: APP_SECRET }] });
    env = {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      SHUTDOWN_DELAY_MS: '0',
      DATABASE_URL: `file:${join(image, 'data.db')}`,
      ...{ JWT_SECRET, SESSION_KEY_SECRET, WECHAT_APP_ID: APP_ID, WECHAT_APP_SECRET: APP_SECRET },
      WECHAT_API_URL: sandbox.url,
    };
  }, 180_000);
  afterAll(() => sandbox.close());

  const npm = (args: string[]) => run('npm', args, { cwd: image, env });
  const start = async (more: Record<string, string> = {}) => {
    const child = spawn('node', ['dist/main.js'], {
      cwd: image,
      env: { PATH: process.env.PATH, ...env, ...more },
    });
    const port = await listeningPort(child);
    const exited = new Promise((done) => child.once('exit', done));
    return { child, exited, origin: `http://127.0.0.1:${port}` };
  };

  test('has no development dependencies and no source', () => {
    expect(existsSync(join(image, 'node_modules/graphql'))).toBe(true);
    for (const path of ['node_modules/graphql-yoga', 'node_modules/tsx', 'node_modules/vitest', 'src'])
      expect(existsSync(join(image, path)), path).toBe(false);
  });

  test('lists the packages that it has or that are bundled, and no others, in dist/sbom.json', () => {
    const readImage = (path: string) => JSON.parse(readFileSync(join(image, path), 'utf8'));
    const sbom: { bomFormat: string; components: { 'bom-ref': string }[] } = readImage('dist/sbom.json');
    const refs = sbom.components.map((component) => component['bom-ref']);
    const installed: Record<string, { version: string }> = readImage(
      'node_modules/.package-lock.json',
    ).packages;
    const bundled = readFileSync(join(image, 'dist/licenses.md'), 'utf8').matchAll(/^## (\S+) (\d\S*)$/gm);
    const expected = [
      ...Object.entries(installed).map(
        ([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`,
      ),
      ...[...bundled].map(([, name, version]) => `${name}@${version}`),
    ];
    expect(sbom.bomFormat).toBe('CycloneDX');
    expect(expected.filter((ref) => !refs.includes(ref))).toEqual([]);
    const names = refs.map((ref) => ref.slice(0, ref.lastIndexOf('@')));
    expect(names).toEqual(expect.arrayContaining(['graphql', 'mysql2', 'graphql-yoga', 'undici', 'zod']));
    // Those of other platforms are in the lockfile.
    const others = refs.filter((ref) => !expected.includes(ref) && !ref.startsWith('@libsql/'));
    expect(others).toEqual([]);
  });

  test('migrates, starts, logs in, grants the role to an admin, and ends with code 0', async () => {
    expect(await npm(['run', 'migrate'])).toMatchObject({ code: 0 });
    const { child, exited, origin } = await start();
    const login = 'mutation { login(code: "dev:boss") { token user { role } } }';
    const { token } = (await post(origin, login)).data.login;
    expect(await npm(['run', 'admin', '--', 'grant', openIdOf(APP_ID, 'boss')])).toMatchObject({ code: 0 });
    expect(await post(origin, '{ me { role } }', token)).toEqual({ data: { me: { role: 'ADMIN' } } });
    expect((await fetch(`${origin}/errors`)).status).toBe(404);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  test('npm start runs it too', async () => {
    const child = spawn('npm', ['start'], {
      cwd: image,
      env: { PATH: process.env.PATH, HOME: image, ...env },
      // npm may end before its children.
      detached: true,
    });
    const port = await listeningPort(child);
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
    const exited = new Promise((done) => child.once('exit', done));
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await exited;
  });

  test('its health check asks /health on the configured port', async () => {
    const check = /HEALTHCHECK .* CMD (\[.+\])$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '[]';
    const [command = '', ...args]: string[] = JSON.parse(check);
    const { child, exited, origin } = await start();
    const probe = (port: string) => run(command, args, { cwd: image, env: { PORT: port } });
    expect(await probe(new URL(origin).port)).toMatchObject({ code: 0 });
    child.kill('SIGTERM');
    await exited;
    expect(await probe(new URL(origin).port)).toMatchObject({ code: 1 });
  });

  test('with GRAPHIQL=1 it names a command that installs the missing package, and then serves /errors', async () => {
    const missing = await run('node', ['dist/main.js'], { cwd: image, env: { ...env, GRAPHIQL: '1' } });
    const [command = ''] = /npm install .+/.exec(missing.output) ?? [];
    expect([missing.code, command]).toEqual([1, expect.stringMatching(/ @graphql-yoga\/render-graphiql$/)]);
    for (const page of [
      'docs/configuration.md',
      'docs/configuration.zh-CN.md',
      'docs/deployment.md',
      'docs/deployment.zh-CN.md',
    ])
      expect(readFileSync(page, 'utf8').includes(command), page).toBe(true);
    const options = { cwd: image, env: { ...env, ...CACHED } };
    expect(await run('bash', ['-c', command], options)).toMatchObject({ code: 0 });
    expect(existsSync(join(image, 'node_modules/tsx'))).toBe(false);
    const { child, exited, origin } = await start({ GRAPHIQL: '1' });
    for (const language of ['en', 'zh-CN']) {
      const response = await fetch(`${origin}/errors?lang=${language}`);
      expect([response.status, (await response.text()).includes('WECHAT_CODE_INVALID')]).toEqual([200, true]);
    }
    child.kill('SIGTERM');
    await exited;
  });
});

function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((done, fail) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk;
      const port = /"port":(\d+)/.exec(text)?.[1];
      if (port) done(Number(port));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => fail(new Error(`the process ended: ${text}`)));
  });
}
