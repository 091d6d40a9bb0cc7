import type { Config } from '../config/config.ts';
import type { Env } from '../config/env.ts';
import type { Subject } from './check.ts';
import { type Finding, ok, warning } from './findings.ts';

/** Proxies between the clients and this server. */
export function checkTrustProxy({ config: { mode, http } }: Subject): Finding[] {
  return [trustProxyFinding(mode, http)];
}

function trustProxyFinding(mode: Config['mode'], { trustedProxies }: Config['http']): Finding {
  const check = 'trust-proxy';
  if (trustedProxies > 0)
    return ok(
      check,
      `TRUST_PROXY=${trustedProxies}: the address of a client is number ${trustedProxies} from the end of X-Forwarded-For`,
    );
  if (mode !== 'production') return ok(check, 'TRUST_PROXY=0: X-Forwarded-For is ignored');
  return warning(
    check,
    'TRUST_PROXY=0: X-Forwarded-For is ignored, so behind a reverse proxy all clients share one rate limit',
    'set TRUST_PROXY to the number of your own proxies; ignore this if clients connect to this server directly',
  );
}

const PROXY_VARIABLE = /^(HTTPS?|ALL)_PROXY$/i;

/** Proxies between this server and WeChat. The value of such a variable can hold a password. */
export function checkProxyVariables(env: Env): Finding[] {
  return Object.entries(env)
    .filter(([name, value]) => PROXY_VARIABLE.test(name) && value)
    .map(([name]) =>
      warning(
        'proxy-variables',
        `${name} is set, but the server ignores it: it connects to WeChat directly`,
        'allow direct connections to WeChat, or set WECHAT_API_URL to a reverse proxy that forwards to it',
      ),
    );
}
