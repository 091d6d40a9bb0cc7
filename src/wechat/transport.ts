import { setTimeout as sleep } from 'node:timers/promises';
import { createFetch } from 'ofetch';
import { parseObject } from '../common/json.ts';
import { outgoingTraceparent } from '../common/tracing.ts';
import { type CircuitLoad, type CircuitOptions, createCircuit } from './circuit.ts';
import type { Endpoint } from './errcodes.ts';
import {
  createHttpPool,
  type HttpPool,
  type HttpResponse,
  networkErrorCode,
  TIMED_OUT,
} from './http-pool.ts';
import { unavailableError } from './wechat-error.ts';

export type WeChatRequest = {
  path: string;
  query: Record<string, string>;
  /** Makes it a POST of JSON with Content-Length: WeChat responds 412 to chunked bodies. */
  body?: Record<string, string | boolean>;
  /** Of the request that the call is for. */
  traceparent?: string | null;
};

export type Transport = {
  /**
   * Sends a request once and returns the JSON object in the response, whatever its content type and errcode. It is
   * retried only if it provably never left this machine.
   * @throws {WeChatError} WECHAT_UNAVAILABLE, within the deadline; at once while the circuit is open
   */
  send(endpoint: Endpoint, request: WeChatRequest): Promise<Record<string, unknown>>;
  load(): CircuitLoad;
  close(): Promise<void>;
};

export type TransportOptions = CircuitOptions & {
  apiUrl: string;
  /** Milliseconds for one call, from queueing to the last byte of the response. */
  timeoutMs: number;
  /** Keeps connections to `apiUrl`. */
  pool?: HttpPool;
};

/** A code that is sent is spent, so a call with less of its time left than this share is not started. */
const MIN_TIME_LEFT = 0.25;

/** Failures before a connection was established: nothing was sent. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);
const RETRY_DELAY_MS = 100;

const NO_HEADERS = {};

export function createTransport({
  apiUrl,
  timeoutMs,
  maxCalls,
  onOutage,
  pool = createHttpPool(apiUrl, maxCalls),
}: TransportOptions): Transport {
  const circuit = createCircuit({ maxCalls, ...(onOutage ? { onOutage } : {}) });

  return {
    async send(endpoint, request) {
      const startedAt = performance.now();
      const endsAt = startedAt + timeoutMs;
      const call = async () => {
        const { status, text } = await exchange(pool, endpoint, request, endsAt);
        return isRequestFault(status) ? status : parseResponse(endpoint, status, text);
      };
      const startBefore = startedAt + timeoutMs * (1 - MIN_TIME_LEFT);
      const result = await circuit.execute(endpoint, call, { startBefore, endsAt });
      if (typeof result === 'number') throw unavailableError(endpoint, `HTTP status ${result}`);
      return result;
    },
    load: circuit.load,
    close: pool.close,
  };
}

/** Errors may hold the URL with AppSecret and code: only their kind leaves this function. */
async function exchange(
  pool: HttpPool,
  endpoint: Endpoint,
  request: WeChatRequest,
  endsAt: number,
  attempts = 2,
): Promise<HttpResponse> {
  try {
    const traceparent = outgoingTraceparent(request.traceparent ?? null);
    const headers = traceparent === null ? NO_HEADERS : { traceparent };
    return await (request.body
      ? post(pool, request, headers, endsAt)
      : pool.send({ ...toGet(request), headers }, endsAt));
  } catch (error) {
    const code = networkErrorCode(error);
    if (code === TIMED_OUT) throw unavailableError(endpoint, 'timed out');
    if (attempts <= 1 || !NEVER_SENT.has(code)) throw unavailableError(endpoint, `no response (${code})`);
  }
  await sleep(RETRY_DELAY_MS);
  return exchange(pool, endpoint, request, endsAt, attempts - 1);
}

/** Every login is a GET, so these are sent without ofetch: measured, it takes as long again as the call. */
function toGet({ path, query }: WeChatRequest): { method: 'GET'; path: string } {
  return { method: 'GET', path: `${path}?${new URLSearchParams(query)}` };
}

/** By ofetch, over the same connections. */
async function post(
  pool: HttpPool,
  { path, query, body }: WeChatRequest,
  headers: Record<string, string>,
  endsAt: number,
): Promise<HttpResponse> {
  const fetch = createFetch({
    fetch: async (target, { body: text } = {}) => {
      const response = await pool.send(
        { method: 'POST', path: String(target), headers, body: String(text) },
        endsAt,
      );
      return new Response(response.text || null, { status: response.status });
    },
  });
  const { status, _data } = await fetch.raw<string, 'text'>(path, {
    method: 'POST',
    query,
    ...(body ? { body } : {}),
    retry: 0,
    responseType: 'text',
    ignoreResponseError: true,
  });
  return { status, text: _data ?? '' };
}

/** A gateway may reject one request with a 4xx: that is not an outage, so the circuit breaker must not count it. */
function isRequestFault(status: number): boolean {
  return status >= 400 && status < 500;
}

const BYTE_ORDER_MARK = /^\ufeff/;

function parseResponse(endpoint: Endpoint, status: number, text: string): Record<string, unknown> {
  if (status !== 200) throw unavailableError(endpoint, `HTTP status ${status}`);
  const json = parseObject(text.replace(BYTE_ORDER_MARK, ''));
  if (!json) throw unavailableError(endpoint, 'the response is not a JSON object');
  return json;
}
