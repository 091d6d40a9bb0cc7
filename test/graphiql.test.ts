import { existsSync, mkdirSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Server, startServer } from './support/server.ts';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const present = existsSync(executablePath);
if (!present && process.env.CI) throw new Error('Chromium is not installed: npm run test:install');
if (!present)
  process.stderr.write(
    'Chromium is not installed, so its test is skipped. To run it: npm run test:install\n',
  );

describe.skipIf(!present)('GraphiQL in a browser whose network is closed', () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    server = await startServer('file::memory:', {
      NODE_ENV: 'development',
      // The built-in sandbox.
      ...{ WECHAT_APP_ID: '', WECHAT_APP_SECRET: '', WECHAT_APPS: '', WECHAT_API_URL: '' },
    });
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ],
    });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const faults: string[] = [];
  const foreign: string[] = [];
  const open = async (context: BrowserContext, size = { width: 1280, height: 800 }) => {
    const page = await context.newPage();
    await page.setViewportSize(size);
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) foreign.push(request.url());
    });
    await page.goto(`http://127.0.0.1:${server.port}/graphql`);
    await page.getByRole('button', { name: /^Execute query/ }).waitFor();
    return page;
  };
  const select = async (page: Page, tab: string) => {
    await page.getByRole('button', { name: tab, exact: true }).click();
    await page.locator('.graphiql-query-editor').getByText(tab).first().waitFor();
    await parsed(page);
  };
  /** GraphiQL parses what is in the editor after a pause. */
  const parsed = (page: Page) => page.waitForTimeout(500);
  /** Runs the operation of the tab, or the one with this name, and returns the result. */
  const play = async (page: Page, name?: string) => {
    const response = page.waitForResponse((each) => each.url().endsWith('/graphql'));
    await page.getByRole('button', { name: /^Execute query/ }).click();
    if (name) await page.getByRole('menuitem', { name }).click();
    return (await response).json();
  };
  const status = (page: Page) => page.locator('#weapp-login-status');

  test('the token of the login is sent from every tab, also new ones and those of other pages, until logout', async () => {
    const context = await browser.newContext();
    const page = await open(context);
    expect(await status(page).textContent()).toContain('Not signed in');
    expect((await play(page)).data.login.isNewUser).toBe(true);
    await status(page).getByText('Signed in: alice').waitFor();

    await select(page, 'Me');
    expect((await play(page)).data.me).toMatchObject({ nickName: 'Alice' });
    await page.locator('.graphiql-response').getByText('"lastLoginAt"').waitFor();
    mkdirSync('.test-output', { recursive: true });
    await page.screenshot({ path: '.test-output/graphiql.png' });

    await page.getByRole('button', { name: 'New tab' }).click();
    await page.locator('.graphiql-tab-active').getByText('untitled').waitFor();
    await parsed(page);
    await page.locator('.graphiql-query-editor .view-lines').click();
    // Typed, so that the editor does not add closing braces of its own.
    await page.keyboard.type('{ me { id } }');
    await parsed(page);
    expect((await play(page)).data.me.id).toEqual(expect.any(String));

    const other = await open(context);
    expect(await status(other).textContent()).toContain('Signed in: alice');
    await select(other, 'Me');
    expect((await play(other)).data.me).toMatchObject({ nickName: 'Alice' });

    await select(other, 'Logout');
    expect((await play(other)).data.logout.user.id).toEqual(expect.any(String));
    for (const each of [other, page]) await status(each).getByText('Logged out').waitFor();
    await select(other, 'Me');
    expect((await play(other)).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    await context.close();
  });

  test('a token that was revoked elsewhere is reported, and no longer sent', async () => {
    const context = await browser.newContext();
    const page = await open(context);
    const { token } = (await play(page)).data.login;
    await server.post('mutation { logout { user { id } } }', { token });
    await select(page, 'Me');
    expect((await play(page)).errors[0].message).toContain('revoked');
    await status(page).getByText('log in again').waitFor();
    expect((await play(page)).errors[0].message).toContain('missing');
    await context.close();
  });

  test('the encrypted data of the sandbox is ready in its tab', async () => {
    const context = await browser.newContext();
    const page = await open(context);
    await play(page);
    await select(page, 'DecryptRunData');
    expect((await play(page, 'DecryptRunData')).data.decryptRunData.days).toHaveLength(30);
    expect((await play(page, 'DecryptGroupId')).data.decryptGroupId.openGId).toEqual(expect.any(String));
    const bound = await play(page, 'BindEncryptedPhone');
    expect(bound.data.bindEncryptedPhone.user.phoneNumber).toMatch(/^\+86/);
    await context.close();
  });

  test('the first operation is complete at 1280 pixels, and at 390 the editor is above the response', async () => {
    const context = await browser.newContext();
    const wide = await open(context);
    const editor = wide.locator('.graphiql-query-editor .graphiql-editor');
    const cut = await editor.evaluate((element) => {
      const right = element.getBoundingClientRect().right;
      return [...element.querySelectorAll('.view-line > span')].filter(
        (line) => line.getBoundingClientRect().right > right,
      ).length;
    });
    expect(cut).toBe(0);

    const narrow = await open(context, { width: 390, height: 844 });
    await select(narrow, 'Login');
    await play(narrow);
    await narrow.locator('.graphiql-response').getByText('"token"').waitFor();
    await narrow.screenshot({ path: '.test-output/graphiql-390.png' });
    const boxes = await Promise.all(
      ['.graphiql-query-editor .graphiql-editor', '.graphiql-response'].map((selector) =>
        narrow.locator(selector).first().boundingBox(),
      ),
    );
    for (const box of boxes) expect(box?.width).toBeGreaterThan(250);
    expect(boxes[1]?.y).toBeGreaterThan((boxes[0]?.y ?? 0) + 200);
    await context.close();
    expect({ faults, foreign }).toEqual({ faults: [], foreign: [] });
  });
});

test('the page of GraphiQL is compressed, and not sent again while it is the same', async () => {
  const server = await startServer('file::memory:', { NODE_ENV: 'development' });
  const get = (headers: Record<string, string> = {}) =>
    fetch(`${server.url}/graphql`, { headers: { accept: 'text/html', ...headers } });
  const plain = await get({ 'accept-encoding': 'identity' });
  const { length } = await plain.text();
  expect(plain.headers.get('content-encoding')).toBeNull();

  const compressed = await get({ 'accept-encoding': 'br, gzip' });
  expect(compressed.headers.get('content-encoding')).toBe('gzip');
  expect(Number(compressed.headers.get('content-length'))).toBeLessThan(length / 3);
  expect((await compressed.text()).length).toBe(length);
  expect(compressed.headers.get('cache-control')).toBe('no-cache');
  expect(compressed.headers.get('vary')).toBe('Accept-Encoding');

  const again = await get({ 'if-none-match': compressed.headers.get('etag') ?? '' });
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  await server.close();
});

test('data of the sandbox is served with GraphiQL and the built-in sandbox only', async () => {
  const none = { WECHAT_APP_ID: '', WECHAT_APP_SECRET: '', WECHAT_APPS: '', WECHAT_API_URL: '' };
  const cases = [
    { ...none, NODE_ENV: 'development' },
    { ...none, NODE_ENV: 'development', GRAPHIQL: '0' },
    { NODE_ENV: 'development' },
  ];
  const statuses = [];
  for (const env of cases) {
    const server = await startServer('file::memory:', env);
    await server.post('mutation { login(code: "dev:alice") { token } }');
    const body = JSON.stringify({ user: 'alice', kind: 'run' });
    statuses.push((await fetch(`${server.url}/sandbox/encrypted`, { method: 'POST', body })).status);
    await server.close();
  }
  expect(statuses).toEqual([200, 404, 404]);
});
