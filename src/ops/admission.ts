import { createThrottle } from '../common/throttle.ts';
import type { Log } from './log.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { Metrics } from './metrics.ts';

/** A login, or another request. */
export type RequestKind = 'login' | 'other';

export type AdmissionOptions = {
  /** Requests of each kind that are handled at once. */
  maxInFlight: number;
  /** Milliseconds by which the event loop is late: then other requests are rejected, at twice as much logins, too. */
  maxDelayMs: number;
};

/** Rejects requests at once while there are more than the process can handle in time. */
export type Admission = {
  /** Whether a request may be handled; then `leave` must be called when it has been. */
  enter(kind: RequestKind): boolean;
  leave(kind: RequestKind): void;
  inFlight(): number;
};

export type AdmissionDependencies = {
  loopDelay: Pick<LoopDelay, 'ms'>;
  log: Log;
  metrics: Pick<Metrics, 'shed'>;
};

/** A login is rejected later than other requests: its code expires, and without it no other request succeeds. */
const LOGIN_DELAY_FACTOR = 2;
const LOG_INTERVAL_MS = 60_000;

export function createAdmission(
  { maxInFlight, maxDelayMs }: AdmissionOptions,
  { loopDelay, log, metrics }: AdmissionDependencies,
): Admission {
  const inFlight = { login: 0, other: 0 };
  const maxDelay = { login: maxDelayMs * LOGIN_DELAY_FACTOR, other: maxDelayMs };
  const throttle = createThrottle(LOG_INTERVAL_MS);
  function reject(kind: RequestKind): false {
    metrics.shed(kind);
    const suppressed = throttle(kind);
    if (suppressed !== null)
      log.error(
        { overload: { kind, inFlight: inFlight[kind], delayMs: Math.round(loopDelay.ms()), suppressed } },
        'overloaded: rejecting requests',
      );
    return false;
  }

  return {
    enter(kind) {
      if (inFlight[kind] >= maxInFlight || loopDelay.ms() > maxDelay[kind]) return reject(kind);
      inFlight[kind] += 1;
      return true;
    },
    leave(kind) {
      inFlight[kind] -= 1;
    },
    inFlight: () => inFlight.login + inFlight.other,
  };
}
