import type { Clock } from '../common/clock.ts';
import { WECHAT_API_URL } from '../config/environment.ts';
import type { WeChatApp } from '../wechat/client.ts';
import { createHttpPool, type HttpPool, type HttpResponse } from '../wechat/http-pool.ts';
import { isLoopback } from './addresses.ts';
import type { Subject } from './check.ts';
import { compareClocks } from './clocks.ts';
import { about, type Finding, failed, ok, skipped, warning } from './findings.ts';
import { explainNetworkFailure, explainResponse } from './wechat-responses.ts';

const MAX_TIMEOUT_MS = 5000;
const MAX_CALLS = 10;
/** Of the Date header. */
const DATE_RESOLUTION_MS = 1000;

type Probe = { pool: HttpPool; apiUrl: string; timeoutMs: number; now: Clock };

type Outcome = { reached: boolean; findings: Finding[]; clock: Finding[] };

/**
 * Gets an access_token of each mini program by stable_token without force_refresh: that needs AppID, AppSecret and the
 * IP whitelist, changes nothing, and uses no code.
 */
export async function checkWeChat({ config, now }: Subject): Promise<Finding[]> {
  const { apps, sandbox, apiUrl, timeoutMs } = config.wechat;
  if (sandbox) return [skipped('wechat', 'the built-in sandbox replaces WeChat')];
  const pool = createHttpPool(apiUrl, MAX_CALLS);
  const probe = { pool, apiUrl, timeoutMs: Math.min(timeoutMs, MAX_TIMEOUT_MS), now };
  const [firstApp, ...otherApps] = apps;
  const first = await checkApp(probe, firstApp);
  // Without a connection, all have the same fault.
  const others = first.reached ? await Promise.all(otherApps.map((app) => checkApp(probe, app))) : [];
  // Not awaited: a connection that is being made can take long to give up.
  pool.close().catch(() => undefined);
  return [...checkUrl(apiUrl), ...first.clock, ...[first, ...others].flatMap(({ findings }) => findings)];
}

function checkUrl(apiUrl: string): Finding[] {
  const { protocol, hostname, origin } = new URL(apiUrl);
  const check = 'wechat-url';
  if (apiUrl === WECHAT_API_URL || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return [];
  if (protocol === 'http:')
    return [
      warning(check, `AppSecrets are sent to ${origin} without encryption`, 'use https in WECHAT_API_URL'),
    ];
  return [ok(check, `WECHAT_API_URL: AppSecrets are sent to ${origin} instead of ${WECHAT_API_URL}`)];
}

async function checkApp({ pool, apiUrl, timeoutMs, now }: Probe, app: WeChatApp): Promise<Outcome> {
  const body = {
    grant_type: 'client_credential',
    appid: app.appId,
    secret: app.secret,
    force_refresh: false,
  };
  const call = { method: 'POST' as const, path: '/cgi-bin/stable_token', body: JSON.stringify(body) };
  const sentAt = now();
  try {
    const response = await pool.send(call, performance.now() + timeoutMs);
    const clock = readClock(response, sentAt, now());
    return { reached: true, findings: about(app.appId, [explainResponse(response)]), clock };
  } catch (error) {
    const { reason, remedy } = explainNetworkFailure(error);
    const message = `no response of ${new URL(apiUrl).origin}: ${reason}`;
    return { reached: false, findings: [failed('wechat', message, remedy)], clock: [] };
  }
}

function readClock({ date }: HttpResponse, sentAt: number, receivedAt: number): Finding[] {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return [];
  // The header is rounded down.
  const ours = (sentAt + receivedAt) / 2 - DATE_RESOLUTION_MS / 2;
  const resolutionMs = (receivedAt - sentAt + DATE_RESOLUTION_MS) / 2;
  return [compareClocks('wechat-clock', 'WeChat', { theirs, ours, resolutionMs })];
}
