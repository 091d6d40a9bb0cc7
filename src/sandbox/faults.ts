import type { ServerResponse } from 'node:http';

const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>';
const HUGE_BYTES = 10 * 1024 * 1024;
const DRIP_MS = 50;

/** Faults of the network and of gateways, each as `fault:NAME`. */
const FAULTS = {
  /** The connection is reset before any response. */
  reset: (response) => response.socket?.resetAndDestroy(),
  /** The connection closes before any response. */
  close: (response) => response.socket?.end(),
  'http-500': (response) => response.writeHead(500).end(HTML),
  'http-502': (response) => response.writeHead(502).end(HTML),
  'http-503': (response) => response.writeHead(503).end(),
  /** A JSON error with a status that WeChat never sends. */
  'http-429': (response) => response.writeHead(429).end('{"errcode":0}'),
  /** A client that followed it would send AppSecret and code to another host. */
  redirect: (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end(),
  /** The error page of a gateway, with status 200. */
  html: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(HTML),
  /** Truncated JSON. */
  truncated: (response) => response.writeHead(200).end('{"openid":"oAAAAAAAAAAAAAAAAAAAAAAAAAAA","sess'),
  /** The connection closes before Content-Length bytes. */
  short: (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"openid":', () => response.socket?.end());
  },
  empty: (response) => response.writeHead(200).end(),
  /** JSON that is not an object. */
  scalar: (response) => response.writeHead(200).end('null'),
  /** A success without openid and session_key. */
  hollow: (response) => response.writeHead(200).end('{"errcode":0,"errmsg":"ok"}'),
  /** No response at all. */
  stall: () => undefined,
  /** Status, headers and a part of the body; the rest never comes. */
  'stall-body': (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('{"openid":');
  },
  /** A body that never ends, byte by byte. */
  drip: (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const timer = setInterval(() => response.write(' '), DRIP_MS);
    response.once('close', () => clearInterval(timer));
  },
  /** A body of 10 MB. */
  huge: (response) => response.writeHead(200).end(Buffer.alloc(HUGE_BYTES, ' ')),
} as const satisfies Record<string, (response: ServerResponse) => unknown>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(FAULTS, text);
}

/** Sends the fault. */
export function sendFault(name: FaultName, response: ServerResponse): void {
  FAULTS[name](response);
}
