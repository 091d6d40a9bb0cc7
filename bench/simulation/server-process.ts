import type { Events } from './events.ts';
import { createPermits } from './station.ts';

/** What a process calls. Each ends by `done`, also with a failure. */
export type Upstreams = {
  /** Milliseconds until Redis has counted a login, and until it has stored its outcome; 0 without Redis. */
  redis: { beforeMs(): number; afterMs(): number };
  /** One statement about `rows` users. */
  statement(kind: StatementKind, rows: number, done: () => void): void;
  /** A call of jscode2session. */
  exchangeCode(done: () => void): void;
  /** Whether the circuit of this process is open. */
  isCircuitOpen(): boolean;
};

export type StatementKind = 'read' | 'enrol' | 'read back';
export type RequestKind = 'me' | 'login';
export type Outcome = 'OK' | 'OVERLOADED' | 'UNAVAILABLE';

/** Milliseconds of CPU. */
export type Costs = {
  /** Of a request without its statements. */
  request: Record<RequestKind, number>;
  /** Of a statement, and of the turn of the event loop that it takes. */
  statement: Record<RequestKind, number>;
  rejection: number;
};

/** The defaults of the server, of which each process has its own. */
export type Limits = {
  poolSize: number;
  maxCalls: number;
  timeoutMs: number;
  maxInFlight: number;
  maxLoopDelayMs: number;
};

/** One process of the server: a single thread that handles what is ready in turns of the event loop. */
export type ServerProcess = {
  /** @param done with the milliseconds that WeChat took, without the wait for one of `maxCalls` */
  submit(kind: RequestKind, done: (outcome: Outcome, wechatMs: number) => void): void;
  busyMs(): number;
};

/** What a turn handles: how long, and what follows after it. With a statement, what follows is its response. */
type Task = { ms: number; statement?: StatementKind; next: () => void };

/** The limits of src/storage/user-batches.ts. */
const ROWS: Record<StatementKind, number> = { read: 64, enrol: 16, 'read back': 16 };
const LOOP_DELAY_INTERVAL_MS = 50;
/** Of src/wechat: waiting calls for each call in flight, and the share of the timeout after which none is started. */
const QUEUED_PER_CALL = 10;
const START_WITHIN = 0.75;

export function createServerProcess(
  events: Events,
  upstreams: Upstreams,
  costs: Costs,
  limits: Limits,
): ServerProcess {
  const connections = createPermits(limits.poolSize);
  const calls = createPermits(limits.maxCalls, limits.maxCalls * QUEUED_PER_CALL);
  const inFlight: Record<RequestKind, number> = { me: 0, login: 0 };
  let ready: Task[] = [];
  let isRunning = false;
  let busyMs = 0;
  let loopDelayMs = 0;
  let timerDueAt = LOOP_DELAY_INTERVAL_MS;

  function enqueue(task: Task): void {
    ready.push(task);
    if (!isRunning) runTurn();
  }

  /** All that is ready: requests of one turn share statements. */
  function runTurn(): void {
    const tasks = ready;
    ready = [];
    isRunning = true;
    noteTimer(events.now());
    const statements = statementsOf(tasks);
    let ms = 0;
    for (const task of tasks) ms += task.ms;
    for (const { kind } of statements) ms += cpuOf(kind);
    busyMs += ms;
    events.after(ms, () => {
      isRunning = false;
      noteTimer(events.now());
      for (const { statement, next } of tasks) if (!statement) next();
      for (const { kind, waiting } of statements) send(kind, waiting);
      if (ready.length > 0 && !isRunning) runTurn();
    });
  }

  function cpuOf(kind: StatementKind): number {
    return costs.statement[kind === 'read' ? 'me' : 'login'];
  }

  /** The timer of src/ops/loop-delay.ts runs in the first turn after it is due. */
  function noteTimer(now: number): void {
    if (now < timerDueAt) return;
    loopDelayMs = isRunning ? 0 : now - timerDueAt;
    timerDueAt = now + LOOP_DELAY_INTERVAL_MS;
  }

  function send(kind: StatementKind, waiting: (() => void)[]): void {
    connections.acquire(() =>
      upstreams.statement(kind, waiting.length, () => {
        connections.release();
        if (kind === 'enrol') enqueue({ ms: 0, statement: 'read back', next: () => resume(waiting) });
        else resume(waiting);
      }),
    );
  }

  function resume(waiting: (() => void)[]): void {
    for (const next of waiting) next();
  }

  function isOverloaded(kind: RequestKind): boolean {
    const maxDelay = limits.maxLoopDelayMs * (kind === 'login' ? 2 : 1);
    return inFlight[kind] >= limits.maxInFlight || loopDelayMs > maxDelay;
  }

  /** The CPU time of a request is divided among the turns that it takes. */
  function me(done: (outcome: Outcome) => void): void {
    const ms = costs.request.me / 2;
    enqueue({ ms, statement: 'read', next: () => enqueue({ ms, next: () => done('OK') }) });
  }

  function login(done: (outcome: Outcome, wechatMs: number) => void): void {
    const ms = costs.request.login / 3;
    const respond = (wechatMs: number) => () => enqueue({ ms, next: () => done('OK', wechatMs) });
    const store = (wechatMs: number) => () => events.after(upstreams.redis.afterMs(), respond(wechatMs));
    const exchange = () => {
      callWeChat((outcome, wechatMs) => {
        if (outcome === 'OK') enqueue({ ms, statement: 'enrol', next: store(wechatMs) });
        else enqueue({ ms: 0, next: () => done('UNAVAILABLE', wechatMs) });
      });
    };
    enqueue({ ms, next: () => events.after(upstreams.redis.beforeMs(), exchange) });
  }

  function callWeChat(done: (outcome: 'OK' | 'FAILED', ms: number) => void): void {
    if (upstreams.isCircuitOpen()) {
      done('FAILED', 0);
      return;
    }
    const queuedAt = events.now();
    const start = () => {
      const startedAt = events.now();
      const end = (outcome: 'OK' | 'FAILED') => {
        calls.release();
        done(outcome, events.now() - startedAt);
      };
      if (startedAt - queuedAt > limits.timeoutMs * START_WITHIN) end('FAILED');
      else upstreams.exchangeCode(() => end('OK'));
    };
    if (!calls.acquire(start)) done('FAILED', 0);
  }

  return {
    submit(kind, done) {
      if (isOverloaded(kind)) {
        enqueue({ ms: costs.rejection, next: () => done('OVERLOADED', 0) });
        return;
      }
      inFlight[kind] += 1;
      const leave = (outcome: Outcome, wechatMs = 0) => {
        inFlight[kind] -= 1;
        done(outcome, wechatMs);
      };
      if (kind === 'me') me(leave);
      else login(leave);
    },
    busyMs: () => busyMs,
  };
}

function statementsOf(tasks: readonly Task[]): { kind: StatementKind; waiting: (() => void)[] }[] {
  const statements: { kind: StatementKind; waiting: (() => void)[] }[] = [];
  for (const { statement: kind, next } of tasks) {
    if (!kind) continue;
    const open = kind === 'read back' ? undefined : statements.findLast((one) => one.kind === kind);
    if (open && open.waiting.length < ROWS[kind]) open.waiting.push(next);
    else statements.push({ kind, waiting: [next] });
  }
  return statements;
}
