import { existsSync, mkdirSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from './support/databases.ts';
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
    server = await startServer((await DATABASES[0]?.create()) ?? '', { NODE_ENV: 'development' });
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

  test('the login tab logs in, the next tab uses its token, and me returns the user', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(15_000);
    const faults: string[] = [];
    const foreign: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) foreign.push(request.url());
    });
    const origin = `http://127.0.0.1:${server.port}`;
    await page.goto(`${origin}/graphql`);
    const play = page.getByRole('button', { name: /^Execute query/ });
    const result = page.locator('.graphiql-response');

    await page.getByRole('button', { name: 'Login', exact: true }).click();
    const login = page.waitForResponse(
      (response) => response.request().postData()?.includes('mutation Login') ?? false,
    );
    await play.click();
    const { token } = (await (await login).json()).data.login;
    await result.getByText('"isNewUser"').waitFor();

    await page.getByRole('button', { name: 'Me', exact: true }).click();
    const headers = page.locator('.graphiql-editor-tool .graphiql-editor:visible .view-lines');
    await headers.getByText('PASTE_THE_TOKEN_HERE').dblclick();
    await page.keyboard.insertText(token);
    const me = page.waitForResponse(
      (response) => response.request().postData()?.includes('query Me') ?? false,
    );
    await play.click();
    expect((await (await me).json()).data.me).toMatchObject({ nickName: 'Alice' });
    await result.getByText('"lastLoginAt"').waitFor();

    mkdirSync('.test-output', { recursive: true });
    await page.screenshot({ path: '.test-output/graphiql.png' });
    expect({ faults, foreign }).toEqual({ faults: [], foreign: [] });
  });
});
