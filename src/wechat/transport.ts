import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  circuitBreaker,
  handleAll,
  SamplingBreaker,
  TaskCancelledError,
} from 'cockatiel';
import { type $Fetch, createFetch } from 'ofetch';
import { z } from 'zod';
import type { Endpoint } from './errcodes.ts';
import { unavailable } from './wechat-error.ts';

export type UpstreamRequest = {
  path: string;
  query: Record<string, string>;
  /** Makes it a POST of JSON with Content-Length: WeChat answers 412 to chunked bodies. */
  body?: Record<string, string | boolean>;
};

export type Transport = {
  /**
   * Sends a request once and answers the JSON that came, whatever its content type and its errcode. Only where
   * the request provably never left this machine is it sent a second time.
   * @throws {WeChatError} with the code WECHAT_UNAVAILABLE, within the deadline; at once while WeChat fails for
   *   everyone or too many calls wait
   */
  send(endpoint: Endpoint, request: UpstreamRequest): Promise<unknown>;
};

export type TransportOptions = {
  apiUrl: string;
  /** Milliseconds for one call, from waiting for its turn to the last byte of the body. */
  timeoutMs: number;
  /** Calls in flight at most; ten times as many wait for their turn. */
  maxCalls: number;
  /** Called once when an API begins to fail for everyone, and once when it is well again. */
  onOutage?: (endpoint: Endpoint, failing: boolean) => void;
  fetch?: $Fetch;
};

/** A code that is sent is spent: with less than this share of the time left it isn't sent any more. */
const MIN_TIME_LEFT = 0.25;
const WAITING_PER_CALL = 10;

/** Nothing that WeChat answers here is longer than a few hundred bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** Ten calls or more within ten seconds of which more than half had no answer of WeChat: then nobody waits. */
const BREAKER = { threshold: 0.5, duration: 10_000, minimumRps: 1 };
/** After so long one call goes through to look whether WeChat is back. */
const HALF_OPEN_MS = 3000;

/** Failures before a connection stood: not one byte of the request has left. */
const NEVER_LEFT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/;
const SECOND_TRY_MS = 100;

export function createTransport({
  apiUrl,
  timeoutMs,
  maxCalls,
  onOutage = () => undefined,
  fetch = createFetch(),
}: TransportOptions): Transport {
  const turns = bulkhead(maxCalls, maxCalls * WAITING_PER_CALL);
  const breakers = new Map<Endpoint, ReturnType<typeof createBreaker>>();

  const breakerOf = (endpoint: Endpoint) => {
    const known = breakers.get(endpoint);
    if (known) return known;
    const breaker = createBreaker((failing) => onOutage(endpoint, failing));
    breakers.set(endpoint, breaker);
    return breaker;
  };

  const sendOnce = ({ path, query, body }: UpstreamRequest, signal: AbortSignal): Promise<Response> =>
    fetch.raw(path, {
      baseURL: apiUrl,
      query,
      ...(body ? { method: 'POST', body } : {}),
      retry: 0,
      redirect: 'error',
      responseType: 'stream',
      ignoreResponseError: true,
      signal,
    });

  /** Runs a call when its turn comes. While the breaker is open nobody waits but the one call that probes. */
  const inTurn = (
    endpoint: Endpoint,
    attempt: () => Promise<unknown>,
    signal: AbortSignal,
    latest: number,
  ) => {
    const breaker = breakerOf(endpoint);
    if (breaker.state === CircuitState.HalfOpen) throw tooMany(endpoint, 'WeChat is being probed');
    if (breaker.state === CircuitState.Open) return breaker.execute(() => turns.execute(attempt, signal));
    return turns.execute(() => {
      if (breaker.state === CircuitState.HalfOpen || performance.now() > latest)
        throw tooMany(endpoint, 'no turn in time');
      return breaker.execute(attempt);
    }, signal);
  };

  return {
    async send(endpoint, request) {
      const signal = AbortSignal.timeout(timeoutMs);
      const latest = performance.now() + timeoutMs * (1 - MIN_TIME_LEFT);
      const attempt = async () => {
        const { status, text } = await exchange(endpoint, () => sendOnce(request, signal), signal);
        return isAboutRequest(status) ? status : readAnswer(endpoint, status, text);
      };
      try {
        const answer = await inTurn(endpoint, attempt, signal, latest);
        if (typeof answer === 'number') throw unavailable(endpoint, `HTTP status ${answer}`);
        return answer;
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw tooMany(endpoint, 'WeChat is failing for everyone');
        if (error instanceof BulkheadRejectedError) throw tooMany(endpoint, 'too many calls wait for WeChat');
        if (error instanceof TaskCancelledError) throw tooMany(endpoint, 'no turn in time');
        throw error;
      }
    },
  };
}

function createBreaker(onChange: (failing: boolean) => void) {
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: HALF_OPEN_MS,
    breaker: new SamplingBreaker(BREAKER),
  });
  let failing = false;
  const change = (next: boolean) => {
    if (failing !== next) onChange(next);
    failing = next;
  };
  breaker.onBreak(() => change(true));
  breaker.onReset(() => change(false));
  return breaker;
}

/** The code was not sent, but a client need not know: a new one is cheap. */
function tooMany(endpoint: Endpoint, reason: string) {
  return unavailable(endpoint, reason, { retryAfter: HALF_OPEN_MS / 1000 });
}

type Response = { status: number; _data?: ReadableStream<Uint8Array> | undefined };

/** The failures of ofetch hold the whole URL with AppSecret and code: only their kind leaves this function. */
async function exchange(
  endpoint: Endpoint,
  send: () => Promise<Response>,
  signal: AbortSignal,
  tries = 2,
): Promise<{ status: number; text: string }> {
  try {
    const response = await send();
    return { status: response.status, text: await readText(response._data) };
  } catch (error) {
    const code = networkCode(error);
    if (signal.aborted) throw unavailable(endpoint, 'no answer in time');
    if (tries <= 1 || !NEVER_LEFT.test(code)) throw unavailable(endpoint, `no answer (${code})`);
  }
  await new Promise((resolve) => setTimeout(resolve, SECOND_TRY_MS));
  return exchange(endpoint, send, signal, tries - 1);
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

/** What a gateway holds against one request is no failure of WeChat: it must not count for the breaker. */
function isAboutRequest(status: number): boolean {
  return status >= 400 && status < 500;
}

function readAnswer(endpoint: Endpoint, status: number, text: string): unknown {
  if (status !== 200) throw unavailable(endpoint, `HTTP status ${status}`);
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw unavailable(endpoint, 'the answer is not a JSON object');
  }
}

/** ofetch wraps undici, which wraps the socket's error. */
function networkCode(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 3) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : networkCode(error.cause, depth + 1);
}
