import type { Clock } from './common/clock.ts';
import { createSingleFlight } from './common/single-flight.ts';
import { type LoginOutcome, loginOutcome, type Repeats } from './context.ts';
import type { OutcomeSeal } from './ops/outcome-seal.ts';
import type { SharedMemory } from './ops/redis.ts';
import { createSharedFlight } from './ops/shared-flight.ts';

/** Milliseconds during which WeChat is asked once about a session_key. */
const SESSION_CHECK_MS = 10_000;
/** Milliseconds during which encrypted data could be sent again: it expires after ten minutes. */
const ENCRYPTED_DATA_MS = 15 * 60_000;

export type RepeatsOptions = {
  /** Milliseconds during which a repeated login or phone code returns the first result. */
  ttlMs: number;
  now: Clock;
  /** Shared with other replicas. */
  memory: SharedMemory | undefined;
  /** Authenticates what is stored there. */
  seal: () => OutcomeSeal;
};

export function createRepeats({ ttlMs, now, memory, seal }: RepeatsOptions): Repeats {
  const logins = createSingleFlight<LoginOutcome>({ ttlMs, now });
  return {
    sessions: createSingleFlight({ ttlMs, purgeExpired: true, now }),
    logins:
      memory && ttlMs > 0
        ? createSharedFlight(logins, {
            outcomes: memory.outcomes,
            seal,
            name: 'login',
            ttlMs,
            parse: (json) => loginOutcome.safeParse(json).data,
          })
        : logins,
    phones: createSingleFlight({ ttlMs, purgeExpired: true, now }),
    encryptedPhones: createSingleFlight({ ttlMs: ENCRYPTED_DATA_MS, purgeExpired: true, now }),
    sessionChecks: createSingleFlight({ ttlMs: SESSION_CHECK_MS, now }),
  };
}
