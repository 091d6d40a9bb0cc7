import { randomBytes } from 'node:crypto';
import { createApi } from './api.ts';
import { createControls } from './controls.ts';
import { serve } from './serve.ts';
import { type Call, createState, type SandboxApp } from './state.ts';

export { openIdOf, type SandboxApp } from './state.ts';

/** A stand-in for api.weixin.qq.com on a loopback port, for development and tests. */
export type Sandbox = {
  /** Give it to WECHAT_API_URL, or to whatever SDK you use as the URL of the API. */
  url: string;
  /** What has reached it so far, the newest last, at most 20,000 calls. */
  calls(): readonly Call[];
  close(): Promise<void>;
};

export type SandboxOptions = {
  apps: readonly SandboxApp[];
  /** 0 takes a free port. */
  port?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Bytes for session_keys, codes, tokens and request ids. */
  random?: (bytes: number) => Buffer;
  /** More logins of one person in a minute get 45011; no limit unless given. */
  userCallsPerMinute?: number;
};

/**
 * Starts the sandbox. Codes: `dev:NAME` always works and always means the same person; `POST /sandbox/codes
 * {"user": "NAME"}` mints one that works once within 5 minutes; `fault:ERRCODE` answers that errcode and
 * `fault:NAME` one of the faults of the network. docs/sandbox.md has the rest.
 * @throws {Error} when NODE_ENV is production, where anybody could log in as anybody
 */
export async function createSandbox({
  apps,
  port = 0,
  now = Date.now,
  random = randomBytes,
  userCallsPerMinute = Number.POSITIVE_INFINITY,
}: SandboxOptions): Promise<Sandbox> {
  if (process.env.NODE_ENV === 'production')
    throw new Error('The WeChat sandbox never runs in production: it lets anybody log in as anybody.');
  const state = createState({ apps, now, random, userCallsPerMinute });
  const { url, close } = await serve({ ...createApi(state), ...createControls(state) }, port);
  return { url, calls: () => state.calls, close };
}
