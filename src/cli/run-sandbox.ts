import { readConfig, SANDBOX_APP } from '../config/config.ts';
import { createSandbox } from '../sandbox/index.ts';
import { readEnv } from './environment-source.ts';

/** Starts the WeChat sandbox alone. */
export async function runSandbox(): Promise<void> {
  const { apps, sandboxPort } = readConfig(readEnv()).wechat;
  const { url } = await createSandbox({ apps, port: sandboxPort });
  const [{ appId, secret }] = apps;
  // A real AppSecret is never printed.
  const shownSecret = secret === SANDBOX_APP.secret ? secret : '(the AppSecret in your environment)';
  process.stdout.write(`
  The WeChat sandbox is ready. A server uses it with this environment:

WECHAT_API_URL=${url}
WECHAT_APP_ID=${appId}
WECHAT_APP_SECRET=${shownSecret}

  Get a code of wx.login: curl -d '{"user": "alice"}' ${url}/sandbox/codes

`);
}
