import { readConfig } from '../config/config.ts';
import { createSandbox } from '../sandbox/index.ts';
import { readEnv, runOrExplain } from './start.ts';

await runOrExplain(async () => {
  const { wechat } = readConfig(readEnv());
  const { url } = await createSandbox({ apps: wechat.apps, port: wechat.sandboxPort });
  process.stdout.write(
    `\n  The WeChat sandbox is ready: set WECHAT_API_URL=${url}\n  Get a code: curl -H 'Content-Type: application/json' -d '{"user": "alice"}' ${url}/sandbox/codes\n\n`,
  );
}, 'SANDBOX_PORT');
