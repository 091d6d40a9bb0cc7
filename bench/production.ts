import { execFileSync, spawn } from 'node:child_process';
import { createSandbox } from '../src/sandbox/index.ts';
import { environment } from '../test/support/product.ts';
import { residentMb } from './cpu.ts';

/** The built server in production mode, in a process of its own, with the sandbox in place of WeChat. */
export type Production = {
  url: string;
  port: number;
  pid: number;
  /** The resident memory in MB. */
  memory(): number;
  /** The exit code, once the process has ended by itself. */
  exitCode(): number | null;
  stop(): Promise<void>;
};

/** Builds the server, then starts `node dist/main.js`. */
export async function startProduction(
  more: Record<string, string> = {},
  nodeOptions: readonly string[] = [],
): Promise<Production> {
  execFileSync('npm', ['run', 'build'], { stdio: 'ignore' });
  const env = environment({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATABASE_URL: 'file::memory:',
    MIGRATE_ON_START: '1',
    ...more,
  });
  const apps = [
    { appId: env.WECHAT_APP_ID ?? '', secret: env.WECHAT_APP_SECRET ?? '' },
    { appId: 'wxcanary00000002', secret: env.WECHAT_APP_SECRET ?? '' },
  ];
  const sandbox = await createSandbox({ apps });
  const child = spawn(process.execPath, [...nodeOptions, 'dist/main.js'], {
    env: { PATH: process.env.PATH ?? '', WECHAT_API_URL: sandbox.url, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /"port":(\d+)/.exec(text)?.[1];
      if (found) resolve(Number(found));
    });
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}: ${text}`)));
  });
  const pid = child.pid ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid,
    memory: () => residentMb(pid),
    exitCode: () => child.exitCode,
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
      }
      await sandbox.close();
    },
  };
}
