import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import CoWechatAPI from 'co-wechat-api';
import MiniApp from 'node-easywechat/dist/MiniApp/Application.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WechatAPI from 'wechat-api';
import { createSandbox, openIdOf, type Sandbox } from '../src/sandbox/index.ts';
import { APP_SECRET } from './support/canaries.ts';
import { APP_ID } from './support/product.ts';
import { run, tsc } from './support/project.ts';
import { snippetsOf } from './support/snippets.ts';

const APP = { appId: APP_ID, secret: APP_SECRET };

/** https://github.com/hpyer/node-easywechat, in place of this server. */
function sdkFor(sandbox: Sandbox, stable = true) {
  return new MiniApp({
    app_id: APP.appId,
    secret: APP.secret,
    use_stable_access_token: stable,
    file_cache: {
      path: join(folder, stable ? 'stable' : 'plain'),
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

test.each([
  ['stable_token', true],
  ['GET /cgi-bin/token', false],
])('it gets an access_token by %s, and a phone number with it', async (_, stable) => {
  await control('users', { user: 'alice', phone: '19900420000' });
  const { code } = await control('phone-codes', { user: 'alice' });
  const client = sdkFor(sandbox, stable).getClient();
  const response = await client.request('POST', '/wxa/business/getuserphonenumber', { data: { code } });
  expect(response.toObject()).toMatchObject({
    errcode: 0,
    phone_info: { purePhoneNumber: '19900420000', countryCode: '86' },
  });
});

/** https://github.com/node-webot/co-wechat-api, which calls GET /cgi-bin/token. */
describe('co-wechat-api', () => {
  const connect = (secret = APP.secret) => {
    const api = new CoWechatAPI(APP.appId, secret);
    api.prefix = `${sandbox.url}/cgi-bin/`;
    return api;
  };

  test('gets an access_token of 512 characters, which other APIs accept', async () => {
    const { accessToken } = await connect().getAccessToken();
    expect(accessToken).toHaveLength(512);
    expect(await usable(accessToken)).toBe(true);
  });

  test('does not take an API that the sandbox lacks, or a wrong secret, for a success', async () => {
    await expect(connect().getUser('oNobody')).rejects.toMatchObject({ code: 40066 });
    await expect(connect('another-secret-000').getAccessToken()).rejects.toMatchObject({ code: 40125 });
  });
});

/** https://github.com/node-webot/wechat-api, the older one with callbacks. */
test('wechat-api gets an access_token, and an errcode from an API that the sandbox lacks', async () => {
  const api = new WechatAPI(APP.appId, APP.secret);
  api.endpoint = sandbox.url;
  api.prefix = `${sandbox.url}/cgi-bin/`;
  const { accessToken } = await promisify(api.getAccessToken.bind(api))();
  expect(await usable(accessToken)).toBe(true);
  await expect(promisify(api.getUser.bind(api))('oNobody')).rejects.toMatchObject({ code: 40066 });
});

async function usable(accessToken: string): Promise<boolean> {
  const { code } = await control('phone-codes', { user: 'alice' });
  const response = await fetch(`${sandbox.url}/wxa/business/getuserphonenumber?access_token=${accessToken}`, {
    method: 'POST',
    body: JSON.stringify({ code }),
  });
  return (await response.json()).errcode === 0;
}

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
