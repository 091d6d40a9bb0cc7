import { randomBytes } from 'node:crypto';
import { createApi } from './api.ts';
import { createControls } from './controls.ts';
import { serve } from './serve.ts';
import { type Call, createState, type SandboxApp } from './state.ts';

export { openIdOf, type SandboxApp } from './state.ts';

/** A replacement of api.weixin.qq.com on a loopback port, for development and tests. */
export type Sandbox = {
  /** The base URL: set it as WECHAT_API_URL, or as the API URL of an SDK. */
  url: string;
  /** The last 20,000 calls, oldest first. */
  calls(): readonly Call[];
  close(): Promise<void>;
};

export type SandboxOptions = {
  apps: readonly SandboxApp[];
  /** Default: a free port. */
  port?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Bytes for session_keys, codes, tokens and request ids. */
  random?: (bytes: number) => Buffer;
  /** More logins of one person per minute get 45011. Default: no limit. */
  userCallsPerMinute?: number;
};

/**
 * Starts the sandbox. Codes: `dev:NAME` is always valid and identifies the same person each time; `POST /sandbox/codes
 * {"user": "NAME"}` creates one that is valid once within 5 minutes; `fault:ERRCODE` returns that errcode, and
 * `fault:NAME` causes a fault of the network. docs/sandbox.md describes all of it.
 * @throws {Error} if NODE_ENV is production, because anyone can log in as anyone
 */
export async function createSandbox({
  apps,
  port = 0,
  now = Date.now,
  random = randomBytes,
  userCallsPerMinute = Number.POSITIVE_INFINITY,
}: SandboxOptions): Promise<Sandbox> {
  if (process.env.NODE_ENV === 'production')
    throw new Error('The WeChat sandbox never runs in production: it lets anyone log in as anyone.');
  const state = createState({ apps, now, random, userCallsPerMinute });
  const { url, close } = await serve({ ...createApi(state), ...createControls(state) }, port, now);
  return { url, calls: () => state.calls, close };
}
