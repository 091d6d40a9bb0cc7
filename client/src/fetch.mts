import type { Request } from './types.mts';

/** The part of the fetch standard that is used. The signal is that of the platform's AbortController. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body: string; signal: never },
) => Promise<{ status: number; text(): Promise<string> }>;

declare const fetch: Fetch;
declare const AbortController: new () => { readonly signal: never; abort(): void };
declare const setTimeout: (callback: () => void, milliseconds: number) => number;
declare const clearTimeout: (timer: number) => void;

/** Returns a `request` for createClient that uses fetch, for H5 and Node. */
export function fetchRequest(send: Fetch = (url, init) => fetch(url, init)): Request {
  return ({ url, method, data, header, timeout, success, fail }) => {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), timeout);
    send(url, { method, headers: header, body: data, signal: control.signal })
      .then((response) => response.text().then((text) => ({ statusCode: response.status, data: text })))
      .then(success, (reason) => fail({ errMsg: `request:fail ${reason.name}: ${reason.message}` }))
      .then(() => clearTimeout(timer));
    return control;
  };
}
