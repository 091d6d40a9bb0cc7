import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** The keys by which limits count an address. */
export type AddressKeys = {
  /** The IPv4 address (also of an IPv4-mapped one), or the /64 of an IPv6 address: one home owns all of it. */
  client: string;
  /** An IPv4 /24 or an IPv6 /48, the smallest that are commonly assigned to one party. */
  network: string;
};

/** Addresses whose keys are remembered: logins of a moment often come from the same gateways. */
const MAX_CACHED = 1000;

/** Returns the keys of an address. An invalid address is its own key. */
export function createAddressKeys(): (address: string) => AddressKeys {
  const cached = new LRUCache<string, AddressKeys>({ max: MAX_CACHED });
  return (address) => {
    const keys = cached.get(address) ?? {
      client: prefixOf(address, { ipv4: 32, ipv6: 64 }),
      network: prefixOf(address, { ipv4: 24, ipv6: 48 }),
    };
    cached.set(address, keys);
    return keys;
  };
}

function prefixOf(address: string, { ipv4, ipv6 }: { ipv4: number; ipv6: number }): string {
  const parsed = parse(address);
  if (!parsed) return address;
  if (parsed instanceof ipaddr.IPv6) {
    const parts = parsed.parts.slice(0, ipv6 / 16).map((part) => part.toString(16));
    return `${parts.join(':')}::/${ipv6}`;
  }
  if (ipv4 === 32) return parsed.toString();
  return `${parsed.octets.slice(0, ipv4 / 8).join('.')}.0/${ipv4}`;
}

/** IPv4 also if it is mapped into IPv6. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  try {
    return ipaddr.process(address);
  } catch {
    return undefined;
  }
}
