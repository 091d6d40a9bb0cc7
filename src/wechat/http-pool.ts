import { type Dispatcher, Pool } from 'undici';

export type HttpCall = {
  method: 'GET' | 'POST';
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
};

export type HttpResponse = {
  status: number;
  text: string;
  /** The Date header. */
  date?: string | undefined;
};

/** Connections to one server that are kept alive. */
export type HttpPool = {
  /**
   * Sends a request once. Redirects are not followed.
   * @param endsAt by performance.now(): then the connection is closed, and the call fails
   * @throws {Error} of node:net or undici with a `code`, or a TimedOutError
   */
  send(call: HttpCall, endsAt: number): Promise<HttpResponse>;
  close(): Promise<void>;
};

/** The code of a TimedOutError, which it keeps when another error wraps it. */
export const TIMED_OUT = 'TIMED_OUT';

export class TimedOutError extends Error {
  readonly code = TIMED_OUT;
}

/** The code of an error of the pool, which ofetch may have wrapped. */
export function networkErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : networkErrorCode(error.cause);
}

/** Responses of these APIs are a few hundred bytes long. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * undici's `dispatch` is a quarter of the time of fetch, which makes streams and signals for each call.
 * @param url may have a path, which all paths follow
 */
export function createHttpPool(url: string, connections: number): HttpPool {
  const { origin, pathname } = new URL(url);
  const prefix = pathname.replace(/\/$/, '');
  // Each call has its own deadline.
  const pool = new Pool(origin, { connections, headersTimeout: 0, bodyTimeout: 0 });
  return {
    send: ({ method, path, headers: more = {}, body }, endsAt) =>
      new Promise((resolve, reject) => {
        const exchange = new Exchange(resolve, reject, endsAt - performance.now());
        const headers = body === undefined ? more : { ...JSON_HEADERS, ...more };
        pool.dispatch({ path: prefix + path, method, headers, body: body ?? null }, exchange);
      }),
    close: () => pool.close(),
  };
}

const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json' };

/** Collects one response. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined = undefined;
  #failure: Error | undefined = undefined;
  #status = 0;
  #date: string | undefined = undefined;
  #size = 0;
  #chunks: Buffer[] = [];

  constructor(resolve: (response: HttpResponse) => void, reject: (error: Error) => void, timeoutMs: number) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => this.#fail(new TimedOutError()), Math.ceil(timeoutMs));
  }

  /** Called before the request is written: a call that timed out while it waited for a connection is not sent. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure) controller.abort(this.#failure);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    { date }: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#date = typeof date === 'string' ? date : undefined;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > MAX_BODY_BYTES) this.#fail(new RangeError('body too large'));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    const text = Buffer.concat(this.#chunks).toString('utf8');
    this.#resolve({ status: this.#status, text, date: this.#date });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#timer);
    this.#reject(this.#failure ?? error);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reject(error);
    this.#controller?.abort(error);
  }
}
