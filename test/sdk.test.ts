import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import MiniApp from 'node-easywechat/dist/MiniApp/Application.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSandbox, openIdOf, type Sandbox } from '../src/wechat/sandbox/index.ts';
import { APP_SECRET } from './support/canaries.ts';
import { APP_ID } from './support/product.ts';

const APP = { appId: APP_ID, secret: APP_SECRET };

/** https://github.com/hpyer/node-easywechat, which nobody here wrote, in place of this server. */
const sdkFor = (sandbox: Sandbox) =>
  new MiniApp({
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

const folder = mkdtempSync(join(tmpdir(), 'weapp-login-sdk-'));
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createSandbox({ apps: [APP] });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const control = async (name: string, body: Record<string, unknown>) => {
  const response = await fetch(`${sandbox.url}/sandbox/${name}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return response.json();
};

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

test('the sandbox is there for others as weapp-login/sandbox, with its types', () => {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  const script = `
    import { createSandbox, openIdOf } from 'weapp-login/sandbox';
    const { url, calls, close } = await createSandbox({ apps: [{ appId: 'wx1', secret: 's' }] });
    const query = 'appid=wx1&secret=s&js_code=dev:bob&grant_type=authorization_code';
    const { openid } = await (await fetch(url + '/sns/jscode2session?' + query)).json();
    console.log(openid === openIdOf('wx1', 'bob'), calls().length);
    await close();`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe('true 1');
  expect(readFileSync('dist/wechat/sandbox/index.d.ts', 'utf8')).toContain('createSandbox');
});
