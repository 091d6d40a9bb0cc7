import { isIP } from 'node:net';

/**
 * The address of a client. Each proxy writes behind X-Forwarded-For whom it heard from, and whoever is before the
 * first proxy of ours can write there what it likes: so it counts from the end, as many as are ours.
 * @param trustedProxies how many proxies of ours the request passed; 0 leaves the header out of account
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | string[] | undefined,
  trustedProxies: number,
): string {
  const chain = [forwardedFor ?? []].flat().join(',').split(',');
  const named = trustedProxies > 0 ? withoutPort(chain.at(-trustedProxies)?.trim() ?? '') : '';
  return isIP(named) ? named : (peer ?? '');
}

/** Some proxies write `203.0.113.7:51234` or `[2001:db8::1]:51234`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}
