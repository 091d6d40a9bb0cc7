import { readConfig } from '../config/config.ts';
import { createSandbox } from '../sandbox/index.ts';
import { readEnv, startOrExplain } from './start.ts';

await startOrExplain(async () => {
  const { wechat } = readConfig(readEnv());
  const { url } = await createSandbox({ apps: wechat.apps, port: Number(process.env.SANDBOX_PORT ?? 4001) });
  process.stdout.write(
    `\n  The WeChat sandbox is ready: set WECHAT_API_URL=${url}\n  A code: curl -H 'Content-Type: application/json' -d '{"user": "alice"}' ${url}/sandbox/codes\n\n`,
  );
}, 'SANDBOX_PORT');
