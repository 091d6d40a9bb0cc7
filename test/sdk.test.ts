import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import MiniApp from 'node-easywechat/dist/MiniApp/Application.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSandbox, openIdOf, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET } from './support/canaries.ts';
import { APP_ID } from './support/product.ts';
import { run, tsc } from './support/project.ts';
import { snippetsOf } from './support/snippets.ts';

const APP = { appId: APP_ID, secret: APP_SECRET };

/** https://github.com/hpyer/node-easywechat, which nobody here wrote, in place of this server. */
function sdkFor(sandbox: Sandbox) {
  return new MiniApp({
    app_id: APP.appId,
    secret: APP.secret,
    use_stable_access_token: true,
    file_cache: {
      path: folder,
      dirMode: 0o700,
      fileMode: 0o600,
      ext: '.cache',
    },
    http: { baseURL: sandbox.url, timeout: 5000 },
  });
}

const folder = mkdtempSync(join(tmpdir(), 'weapp-login-sdk-'));
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ apps: [APP] });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

async function control(name: string, body: Record<string, unknown>) {
  const response = await fetch(`${sandbox.url}/sandbox/${name}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return response.json();
}

test('another SDK logs in against the sandbox, once for each code', async () => {
  const utils = sdkFor(sandbox).getUtils();
  const { code } = await control('codes', { user: 'alice' });
  const session = await utils.codeToSession(code);
  expect(session.openid).toBe(openIdOf(APP.appId, 'alice'));
  expect(Buffer.from(session.session_key, 'base64')).toHaveLength(16);
  await expect(utils.codeToSession(code)).rejects.toThrow('40163');
});

test('it decrypts what the sandbox encrypts', async () => {
  const utils = sdkFor(sandbox).getUtils();
  const session = await utils.codeToSession('dev:alice');
  const { encryptedData, iv } = await control('encrypted', { user: 'alice', kind: 'userInfo' });
  expect(utils.decryptSession(session.session_key, iv, encryptedData)).toMatchObject({
    openId: session.openid,
    nickName: 'alice 🐳',
    watermark: { appid: APP.appId },
  });
});

test('it gets an access_token, and a phone number with it', async () => {
  await control('users', { user: 'alice', phone: '19900420000' });
  const { code } = await control('phone-codes', { user: 'alice' });
  const client = sdkFor(sandbox).getClient();
  const response = await client.request('POST', '/wxa/business/getuserphonenumber', { data: { code } });
  expect(response.toObject()).toMatchObject({
    errcode: 0,
    phone_info: { purePhoneNumber: '19900420000', countryCode: '86' },
  });
});

test('the sandbox is there for others as weapp-login/sandbox: the page, run on the packed package', async () => {
  const home = join(folder, 'team');
  const installed = join(home, 'node_modules/weapp-login');
  mkdirSync(join(home, 'node_modules/@types'), { recursive: true });
  mkdirSync(installed);
  symlinkSync(resolve('node_modules/@types/node'), join(home, 'node_modules/@types/node'));
  symlinkSync(resolve('node_modules/undici-types'), join(home, 'node_modules/undici-types'));
  expect((await run('npm', ['pack', '--pack-destination', home])).code).toBe(0);
  const listed = await run('node', [
    '-p',
    'import("weapp-login").then((api) => console.log(Object.keys(api).join()))',
  ]);
  expect(listed.output).toContain('createApp');
  await run('tar', ['-xzf', join(home, 'weapp-login-0.1.0.tgz'), '-C', installed, '--strip-components=1']);
  const snippet = snippetsOf('docs/sandbox.md').find(({ language }) => language === 'ts')?.text ?? '';
  for (const name of ['team.mts', 'team.mjs']) writeFileSync(join(home, name), snippet);
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    noEmit: true,
    types: ['node'],
  };
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['team.mts'] }));
  expect(await tsc(home)).toEqual({ code: 0, output: '' });
  expect(await run(process.execPath, ['team.mjs'], { cwd: home })).toEqual({ code: 0, output: 'true 1\n' });
}, 60_000);
