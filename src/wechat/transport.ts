import { setTimeout as sleep } from 'node:timers/promises';
import { type $Fetch, createFetch } from 'ofetch';
import { z } from 'zod';
import { type CircuitOptions, createCircuit } from './circuit.ts';
import type { Endpoint } from './errcodes.ts';
import { unavailableError } from './wechat-error.ts';

export type WeChatRequest = {
  path: string;
  query: Record<string, string>;
  /** Makes it a POST of JSON with Content-Length: WeChat responds 412 to chunked bodies. */
  body?: Record<string, string | boolean>;
};

export type Transport = {
  /**
   * Sends a request once and returns the JSON object in the response, whatever its content type and errcode. It is
   * retried only if it provably never left this machine.
   * @throws {WeChatError} WECHAT_UNAVAILABLE, within the deadline; at once while the circuit is open
   */
  send(endpoint: Endpoint, request: WeChatRequest): Promise<unknown>;
};

export type TransportOptions = CircuitOptions & {
  apiUrl: string;
  /** Milliseconds for one call, from queueing to the last byte of the response. */
  timeoutMs: number;
  fetch?: $Fetch;
};

/** A code that is sent is spent, so a call with less of its time left than this share is not started. */
const MIN_TIME_LEFT = 0.25;

/** Responses of these APIs are a few hundred bytes long. */
const MAX_BODY_BYTES = 64 * 1024;

/** Failures before a connection was established: nothing was sent. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/;
const RETRY_DELAY_MS = 100;

export function createTransport({
  apiUrl,
  timeoutMs,
  fetch = createFetch(),
  ...circuitOptions
}: TransportOptions): Transport {
  const circuit = createCircuit(circuitOptions);

  function fetchOnce({ path, query, body }: WeChatRequest, signal: AbortSignal): Promise<Response> {
    return fetch.raw(path, {
      baseURL: apiUrl,
      query,
      ...(body ? { method: 'POST', body } : {}),
      retry: 0,
      redirect: 'error',
      responseType: 'stream',
      ignoreResponseError: true,
      signal,
    });
  }

  return {
    async send(endpoint, request) {
      const signal = AbortSignal.timeout(timeoutMs);
      const startBefore = performance.now() + timeoutMs * (1 - MIN_TIME_LEFT);
      const call = async () => {
        const { status, text } = await exchange(endpoint, () => fetchOnce(request, signal), signal);
        return isRequestFault(status) ? status : parseResponse(endpoint, status, text);
      };
      const result = await circuit.execute(endpoint, call, { signal, startBefore });
      if (typeof result === 'number') throw unavailableError(endpoint, `HTTP status ${result}`);
      return result;
    },
  };
}

type Response = { status: number; _data?: ReadableStream<Uint8Array> | undefined };

/** ofetch's errors hold the URL with AppSecret and code: only their kind leaves this function. */
async function exchange(
  endpoint: Endpoint,
  fetchOnce: () => Promise<Response>,
  signal: AbortSignal,
  attempts = 2,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetchOnce();
    return { status: response.status, text: await readText(response._data) };
  } catch (error) {
    const code = networkErrorCode(error);
    if (signal.aborted) throw unavailableError(endpoint, 'timed out');
    if (attempts <= 1 || !NEVER_SENT.test(code)) throw unavailableError(endpoint, `no response (${code})`);
  }
  await sleep(RETRY_DELAY_MS);
  return exchange(endpoint, fetchOnce, signal, attempts - 1);
}

async function readText(body: ReadableStream<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new RangeError('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A gateway may reject one request with a 4xx: that is not an outage, so the circuit breaker must not count it. */
function isRequestFault(status: number): boolean {
  return status >= 400 && status < 500;
}

const BYTE_ORDER_MARK = /^\ufeff/;

function parseResponse(endpoint: Endpoint, status: number, text: string): unknown {
  if (status !== 200) throw unavailableError(endpoint, `HTTP status ${status}`);
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text.replace(BYTE_ORDER_MARK, '')));
  } catch {
    throw unavailableError(endpoint, 'the response is not a JSON object');
  }
}

/** ofetch wraps the error of undici, which wraps that of the socket. */
function networkErrorCode(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 3) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : networkErrorCode(error.cause, depth + 1);
}
