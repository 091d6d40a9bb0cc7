import { request as send } from 'node:http';

type RequestOptions = {
  url: string;
  method?: string;
  data?: string;
  header?: Record<string, string>;
  timeout?: number;
  success?: (response: { statusCode: number; data: unknown; header: Record<string, unknown> }) => void;
  fail?: (reason: { errMsg: string }) => void;
};

type LoginOptions = {
  timeout?: number;
  success?: (response: { code: string; errMsg: string }) => void;
  fail?: (reason: { errMsg: string }) => void;
};

/** The part of wx that the client uses, on node:http: calls the same callbacks with the same values. */
export type Wx = {
  request(options: RequestOptions): { abort(): void };
  login(options: LoginOptions): void;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: unknown): void;
  removeStorageSync(key: string): void;
};

export type Phone = {
  wx: Wx;
  storage: Map<string, unknown>;
  /** The number of wx.login calls, and the highest number of concurrent requests. */
  seen: { logins: number; mostInFlight: number };
};

/** @param nextCode returns the code of the next wx.login */
export function createPhone(nextCode: () => Promise<string>): Phone {
  const storage = new Map<string, unknown>();
  const seen = { logins: 0, mostInFlight: 0 };
  let inFlight = 0;

  const request = ({
    url,
    method = 'GET',
    data,
    header,
    timeout = 60_000,
    success,
    fail,
  }: RequestOptions) => {
    inFlight++;
    seen.mostInFlight = Math.max(seen.mostInFlight, inFlight);
    let done = false;
    const finish = (report: () => void) => {
      if (done) return;
      done = true;
      inFlight--;
      report();
    };
    const outgoing = send(
      url,
      { method, headers: { 'content-type': 'application/json', ...header } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', () => finish(() => fail?.({ errMsg: 'request:fail' })));
        response.on('end', () =>
          finish(() =>
            success?.({
              statusCode: response.statusCode ?? 0,
              data: parse(text),
              header: { ...response.headers },
            }),
          ),
        );
      },
    );
    outgoing.on('error', () => finish(() => fail?.({ errMsg: 'request:fail' })));
    const timer = setTimeout(() => end('request:fail timeout'), timeout);
    const end = (errMsg: string) => {
      finish(() => fail?.({ errMsg }));
      outgoing.destroy();
    };
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.end(data);
    return { abort: () => end('request:fail abort') };
  };

  const login = ({ success, fail }: LoginOptions) => {
    seen.logins++;
    nextCode().then(
      (code) => success?.({ code, errMsg: 'login:ok' }),
      () => fail?.({ errMsg: 'login:fail' }),
    );
  };

  const wx: Wx = {
    request,
    login,
    getStorageSync: (key) => storage.get(key) ?? '',
    setStorageSync: (key, value) => void storage.set(key, value),
    removeStorageSync: (key) => void storage.delete(key),
  };
  return { wx, storage, seen };
}

/** wx parses JSON and returns anything else as a string. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
