import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { WeChatPhone } from '../wechat/encrypted-data.ts';

/** What names an attempt. Only its hash is kept. */
export type AttemptName = readonly [appId: string, ...parts: string[]];

/**
 * Remembers for a short time what came of a code, so that a client who never saw the answer gets it at the
 * second try, while WeChat is asked once. Concurrent attempts of one name share one run; a run that failed is
 * forgotten at once. It knows this process only, and a limited number of attempts.
 */
export type Repeats<Session, Login> = {
  /** The session is kept only until `login` of the same name has succeeded. */
  session(name: AttemptName, run: () => Promise<Session>): Promise<Session>;
  login(name: AttemptName, run: () => Promise<Login>): Promise<Login>;
  phone(name: AttemptName, run: () => Promise<WeChatPhone>): Promise<WeChatPhone>;
  /** What WeChat says of a session_key, asked once in ten seconds: unreadable data costs a client nothing. */
  check(name: AttemptName, run: () => Promise<boolean>): Promise<boolean>;
};

export type RepeatsOptions = {
  /** How long an attempt is remembered from its beginning, or until it ends; 0 only shares what still runs. */
  ttlMs: number;
  /** Attempts of each kind that are remembered at most; the oldest go first. */
  max?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
};

const CHECK_MS = 10_000;

export function createRepeats<Session, Login>({
  ttlMs,
  max = 10_000,
  now = Date.now,
}: RepeatsOptions): Repeats<Session, Login> {
  const options = { max, ttl: Math.max(1, ttlMs), ttlResolution: 0, perf: { now } };
  /** What nobody may read for longer than it is needed goes by a timer, not only when it is looked for. */
  const secret = { ...options, ttlAutopurge: true };
  const sessions = new LRUCache<string, Promise<Session>>(secret);
  const phones = new LRUCache<string, Promise<WeChatPhone>>(secret);
  const logins = new LRUCache<string, Promise<Login>>(options);
  const checks = new LRUCache<string, Promise<boolean>>({ ...options, ttl: CHECK_MS });

  return {
    session: (name, run) => once(sessions, hash(name), run),
    login: (name, run) =>
      once(logins, hash(name), async () => {
        const login = await run();
        sessions.delete(hash(name));
        return login;
      }),
    phone: (name, run) => once(phones, hash(name), run),
    check: (name, run) => once(checks, hash(name), run),
  };
}

function once<T>(memory: LRUCache<string, Promise<T>>, key: string, run: () => Promise<T>): Promise<T> {
  const known = memory.get(key);
  if (known) return known;
  const start = memory.perf.now();
  const running = run().then(
    (outcome) => {
      if (memory.peek(key) === running) memory.set(key, running, { start });
      return outcome;
    },
    (error: unknown) => {
      if (memory.peek(key) === running) memory.delete(key);
      throw error;
    },
  );
  memory.set(key, running, { ttl: FOR_EVER });
  return running;
}

/** What still runs is remembered however long it takes: its own deadlines end it. */
const FOR_EVER = 0;

function hash(name: AttemptName): string {
  return createHash('sha256').update(JSON.stringify(name)).digest('base64');
}
