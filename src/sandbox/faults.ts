import type { ServerResponse } from 'node:http';

const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>';
const HUGE_BYTES = 10 * 1024 * 1024;
const DRIP_MS = 50;

/** What can happen to an answer of WeChat, each as `fault:NAME`. None of them is an answer of WeChat's own. */
const FAULTS = {
  /** The connection is reset before any answer. */
  reset: (response) => response.socket?.resetAndDestroy(),
  /** The connection ends before any answer. */
  close: (response) => response.socket?.end(),
  'http-500': (response) => response.writeHead(500).end(HTML),
  'http-502': (response) => response.writeHead(502).end(HTML),
  'http-503': (response) => response.writeHead(503).end(),
  /** A JSON error with a status that WeChat never sends. */
  'http-429': (response) => response.writeHead(429).end('{"errcode":0}'),
  /** Following it would carry AppSecret and code to somebody else. */
  redirect: (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end(),
  /** The error page of a gateway, with status 200. */
  html: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(HTML),
  /** JSON that ends half-way. */
  truncated: (response) => response.writeHead(200).end('{"openid":"oAAAAAAAAAAAAAAAAAAAAAAAAAAA","sess'),
  /** Fewer bytes than Content-Length promises, then the end of the connection. */
  short: (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"openid":', () => response.socket?.end());
  },
  empty: (response) => response.writeHead(200).end(),
  /** JSON that is no object. */
  scalar: (response) => response.writeHead(200).end('null'),
  /** A success without openid and session_key. */
  hollow: (response) => response.writeHead(200).end('{"errcode":0,"errmsg":"ok"}'),
  /** Nothing comes, ever. */
  stall: () => undefined,
  /** Status and headers come, the body never. */
  'stall-body': (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('{"openid":');
  },
  /** A body that comes byte by byte, for ever. */
  drip: (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const drops = setInterval(() => response.write(' '), DRIP_MS);
    response.once('close', () => clearInterval(drops));
  },
  /** A body of 10 MB. */
  huge: (response) => response.writeHead(200).end(Buffer.alloc(HUGE_BYTES, ' ')),
} as const satisfies Record<string, (response: ServerResponse) => unknown>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(FAULTS, text);
}

export function misbehave(name: FaultName, response: ServerResponse): void {
  FAULTS[name](response);
}
