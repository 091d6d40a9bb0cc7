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
import type { Endpoint } from './errcodes.ts';
import { unavailableError } from './wechat-error.ts';

export type CircuitOptions = {
  /** Calls in flight at most; ten times as many may queue. */
  maxCalls: number;
  /** Called when the circuit of an endpoint opens (WeChat is failing) and when it closes again. */
  onOutage?: (endpoint: Endpoint, failing: boolean) => void;
};

export type CallTimes = {
  /** By performance.now(): a call that is still queued then is not started, … */
  startBefore: number;
  /** … and leaves the queue. */
  endsAt: number;
};

/** Decides whether a call to WeChat may start: a circuit breaker for each endpoint, and one bulkhead for all. */
export type Circuit = {
  /** @throws {WeChatError} WECHAT_UNAVAILABLE if the call was not started; otherwise what `call` throws */
  execute<T>(endpoint: Endpoint, call: () => Promise<T>, times: CallTimes): Promise<T>;
  load(): CircuitLoad;
};

export type CircuitLoad = {
  /** Calls in flight. */
  inFlight: number;
  /** Calls that wait for one of these to end. */
  queued: number;
  /** Endpoints whose circuit is open, because WeChat fails. */
  failing: readonly Endpoint[];
};

const QUEUED_PER_CALL = 10;

/** Opens when more than half of at least ten calls within ten seconds failed. */
const BREAKER = { threshold: 0.5, duration: 10_000, minimumRps: 1 };
/** An open circuit lets one call through, the probe, after this time. */
const PROBE_AFTER_MS = 3000;

export function createCircuit({ maxCalls, onOutage = () => undefined }: CircuitOptions): Circuit {
  const queue = bulkhead(maxCalls, maxCalls * QUEUED_PER_CALL);
  const breakers = new Map<Endpoint, ReturnType<typeof createBreaker>>();

  function breakerFor(endpoint: Endpoint) {
    const existing = breakers.get(endpoint);
    if (existing) return existing;
    const breaker = createBreaker((failing) => onOutage(endpoint, failing));
    breakers.set(endpoint, breaker);
    return breaker;
  }

  /** Undefined if the call need not queue: a signal takes as long as the rest of this. */
  function signalFor({ endsAt }: CallTimes): AbortSignal | undefined {
    if (queue.executionSlots > 0) return undefined;
    return AbortSignal.timeout(Math.max(0, Math.ceil(endsAt - performance.now())));
  }

  /** While the circuit is open or half-open only the probe runs; all others fail fast. */
  function admit<T>(endpoint: Endpoint, call: () => Promise<T>, times: CallTimes): Promise<T> {
    const breaker = breakerFor(endpoint);
    switch (breaker.state) {
      case CircuitState.HalfOpen:
        throw notStarted(endpoint, 'WeChat is being probed');
      case CircuitState.Open:
        return breaker.execute(() => queue.execute(call, signalFor(times)));
      default:
        return queue.execute(() => {
          if (breaker.state === CircuitState.HalfOpen) throw notStarted(endpoint, 'WeChat is being probed');
          if (performance.now() > times.startBefore) throw notStarted(endpoint, 'queued for too long');
          return breaker.execute(call);
        }, signalFor(times));
    }
  }

  return {
    async execute(endpoint, call, times) {
      try {
        return await admit(endpoint, call, times);
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw notStarted(endpoint, 'circuit open');
        if (error instanceof BulkheadRejectedError) throw notStarted(endpoint, 'queue full');
        if (error instanceof TaskCancelledError) throw notStarted(endpoint, 'queued for too long');
        throw error;
      }
    },
    load: () => ({
      inFlight: maxCalls - queue.executionSlots,
      queued: maxCalls * QUEUED_PER_CALL - queue.queueSlots,
      failing: [...breakers].filter(([, { state }]) => state !== CircuitState.Closed).map(([name]) => name),
    }),
  };
}

function createBreaker(onChange: (failing: boolean) => void) {
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: PROBE_AFTER_MS,
    breaker: new SamplingBreaker(BREAKER),
  });
  let failing = false;
  const setFailing = (next: boolean) => {
    if (failing !== next) onChange(next);
    failing = next;
  };
  breaker.onBreak(() => setFailing(true));
  breaker.onReset(() => setFailing(false));
  return breaker;
}

/** The code was not sent, but clients need not know: getting a new one is cheap. */
function notStarted(endpoint: Endpoint, reason: string) {
  return unavailableError(endpoint, reason, { retryAfter: PROBE_AFTER_MS / 1000 });
}
