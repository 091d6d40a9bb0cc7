import { isIP } from 'node:net';

/**
 * The IP address of the client. Each proxy appends the address of its peer to X-Forwarded-For, and clients can send
 * any value, so the address is counted from the end.
 * @param trustedProxies the number of our own proxies; 0 ignores the header
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | string[] | undefined,
  trustedProxies: number,
): string {
  if (trustedProxies === 0) return peer ?? '';
  const chain = [forwardedFor ?? []].flat().join(',').split(',');
  const forwarded = withoutPort(chain.at(-trustedProxies)?.trim() ?? '');
  return isIP(forwarded) ? forwarded : (peer ?? '');
}

/** Some proxies write `203.0.113.7:51234` or `[2001:db8::1]:51234`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}
