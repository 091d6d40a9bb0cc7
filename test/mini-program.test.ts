import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HttpServer } from '../src/http/server.ts';
import { buildClient } from './support/client.ts';
import { DATABASES } from './support/databases.ts';
import { listening } from './support/listening.ts';
import { filesOf, handlersIn, launch, type MiniProgram } from './support/mini-program.ts';
import { codeOf, type Product, startProduct } from './support/product.ts';
import { createWire, type Wire } from './support/wire.ts';
import { createPhone, type Phone } from './support/wx.ts';

const FOLDER = 'examples/mini-program/miniprogram';
const INDEX = 'pages/index/index';
const PROFILE = 'pages/profile/profile';
const AVATAR = 'https://cdn.example.com/avatar.png';

describe.each(DATABASES)('the example mini program with $name', (database) => {
  let client: string;
  let product: Product;
  let server: HttpServer;
  let storage: Server;
  let wire: Wire;
  let phone: Phone;
  let toasts: string[];
  let person = 0;

  beforeAll(async () => {
    client = buildClient();
    product = await startProduct(await database.create());
    server = await listening(product);
    storage = createServer((request, response) => {
      request.resume().on('end', () => response.end(JSON.stringify({ url: AVATAR })));
    });
    await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    storage.close();
    await server.close();
    await product.close();
  });
  beforeEach(async () => {
    wire = await createWire(server.port);
    person++;
    phone = createPhone(() => product.mint(`visitor${person}`));
    toasts = [];
  });
  afterEach(() => wire.close());

  const start = (config: object = {}): MiniProgram =>
    launch(
      FOLDER,
      {
        ...phone.wx,
        showToast: ({ title }: { title: string }) => void toasts.push(title),
        stopPullDownRefresh: () => undefined,
        uploadFile: ({ url, header, success, fail }: UploadOptions) =>
          fetch(url, { method: 'POST', headers: header, body: 'picture' })
            .then((response) => response.text())
            .then(
              (data) => success({ statusCode: 200, data }),
              () => fail({ errMsg: 'uploadFile:fail' }),
            ),
      },
      {
        config: { config: { url: wire.url, devCode: undefined, uploadUrl: undefined, ...config } },
        'weapp-login-client': `${client}/index.js`,
      },
    );

  test('logs in silently at the start with one call of wx.login, and shows the user', async () => {
    const page = await start().open(INDEX);
    expect(page.data).toEqual({
      me: { id: expect.any(String), nickName: null, avatarUrl: null },
      loading: false,
      error: '',
    });
    expect([phone.seen.logins, wire.count('Login')]).toEqual([1, 1]);
  });

  test('works with the sandbox and the devCode in config.ts', async () => {
    const [, devCode] = /devCode: '([^']+)'/.exec(readFileSync(`${FOLDER}/config.ts`, 'utf8')) ?? [];
    const page = await start({ devCode }).open(INDEX);
    expect(page.data.me).toMatchObject({ id: expect.any(String) });
    expect(phone.seen.logins).toBe(0);
  });

  test('changes the nickname and shows the new one', async () => {
    const app = start();
    const profile = await app.open(PROFILE);
    expect(profile.data.nickName).toBe('');
    await profile.call('save', { value: { nickName: '小明 🐳' } });
    expect([toasts, profile.data.error]).toEqual([['已保存'], '']);
    const index = await app.open(INDEX);
    expect(index.data.me).toMatchObject({ nickName: '小明 🐳' });
    await profile.call('save', { value: { nickName: '大明' } });
    await index.call('onPullDownRefresh');
    expect(index.data.me).toMatchObject({ nickName: '大明' });
    expect((await app.open(PROFILE)).data.nickName).toBe('大明');
  });

  test('shows an error for a nickname that is too long', async () => {
    const profile = await start().open(PROFILE);
    await profile.call('save', { value: { nickName: 'x'.repeat(65) } });
    expect(profile.data).toMatchObject({ error: '内容不符合要求，请修改', saving: false });
  });

  test('previews a chosen picture, and saves it if it can be uploaded', async () => {
    const address = storage.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const preview = await start().open(PROFILE);
    await preview.call('chooseAvatar', { avatarUrl: 'http://tmp/abc.png' });
    expect(preview.data).toMatchObject({ avatarUrl: 'http://tmp/abc.png', error: '' });
    const app = start({ uploadUrl: `http://127.0.0.1:${port}/` });
    await (await app.open(PROFILE)).call('chooseAvatar', { avatarUrl: 'wxfile://abc.png' });
    expect((await app.open(INDEX)).data.me).toMatchObject({ avatarUrl: AVATAR });
  });

  test('binds the phone number with the phone button, unless the user refuses', async () => {
    const profile = await start().open(PROFILE);
    await profile.call('bindPhone', { errMsg: 'getPhoneNumber:fail user deny' });
    expect([profile.data.phoneNumber, wire.count('BindPhone')]).toEqual(['', 0]);
    const response = await fetch(`${product.sandbox.url}/sandbox/phone-codes`, {
      method: 'POST',
      body: JSON.stringify({ user: `visitor${person}` }),
    });
    const { code }: { code: string } = await response.json();
    await profile.call('bindPhone', { code });
    expect(profile.data).toMatchObject({ phoneNumber: expect.stringMatching(/\d{11}$/), error: '' });
  });

  test('logs out on all devices, stays logged out after a restart, and logs in again', async () => {
    const app = start();
    const index = await app.open(INDEX);
    const { token } = JSON.parse(String(phone.storage.get(`weapp-login:${wire.url}`))).session;
    await index.call('logout');
    expect(index.data.me).toBeNull();
    expect(codeOf(await product.query('{ me { id } }', { token }))).toBe('UNAUTHENTICATED');
    const again = await app.open(INDEX);
    expect(again.data).toMatchObject({ me: null, error: '你已退出登录' });
    const restarted = await start().open(INDEX);
    expect(restarted.data).toMatchObject({ me: null, error: '你已退出登录' });
    expect(phone.seen.logins).toBe(1);
    await again.call('login');
    expect(again.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
  });

  test('shows an error while the server is unreachable, and then logs in with the button', async () => {
    wire.fate = () => 'LOSE_THE_REQUEST';
    const index = await start().open(INDEX);
    expect(index.data).toMatchObject({ me: null, error: '网络不给力，请检查后重试', loading: false });
    wire.fate = () => 'PASS';
    await index.call('login');
    expect(index.data).toMatchObject({ me: { id: expect.any(String) }, error: '' });
  });

  test('each page has its files and the handlers that its template names', async () => {
    const app = start();
    for (const page of app.pages) {
      expect(filesOf(FOLDER, page)).toHaveLength(4);
      const { call } = await app.open(page);
      for (const handler of handlersIn(readFileSync(`${FOLDER}/${page}.wxml`, 'utf8')))
        await call(handler, { value: { nickName: '' } });
    }
  });
});

type UploadOptions = {
  url: string;
  header: Record<string, string>;
  success: (result: { statusCode: number; data: string }) => void;
  fail: (reason: { errMsg: string }) => void;
};
