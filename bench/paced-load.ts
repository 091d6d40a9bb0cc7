import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { writeCode } from './codes.ts';
import { loginBody, ME_BODY } from './load.ts';

/**
 * A process that sends requests at a rate, whether responses arrive or not: `node paced-load.js '<JSON of PacedOptions>'`.
 * Written on sockets, because it must send several times as many requests as a server handles. Prints JSON of PacedLoad.
 */
export type PacedOptions = {
  port: number;
  seconds: number;
  /** Requests a second; 0 sends on each connection as soon as it has a response. */
  rate: number;
  /** Sends each request when it is due, at random times, and keeps a core busy for that; otherwise several every 5 ms. */
  isRandom?: boolean;
  /** At most. With a rate, a request that finds none free is not sent, as behind a proxy with as many. */
  connections: number;
  /** Of 100 requests. The others are `me`. */
  logins: number;
  /** Of 100 requests: documents that are sent once. */
  uniques: number;
  /** A file with one token a line. */
  tokens: string;
  users: number;
  /** How long WeChat takes. */
  delayMs: number;
  /** Of the first code: no code may be sent twice. */
  serial: number;
};

export type PacedLoad = {
  sent: number;
  /** Responses with status 200 and no error. */
  ok: number;
  okLogins: number;
  /** Responses with status 503. */
  shed: number;
  /** Other responses, and broken connections. */
  failed: number;
  /** For want of a free connection. */
  notSent: number;
  /** Milliseconds of those with status 200, and of all. */
  p50: number;
  p99: number;
  slowest: number;
  /** Sent, and not responded to when the time was over and ten more seconds. */
  lost: number;
  example: string;
};

type Kind = 'me' | 'login' | 'unique';
type Request = { kind: Kind; sentAt: number };

const TICK_MS = 5;
const DRAIN_MS = 10_000;
const END_OF_HEAD = '\r\n\r\n';
const MAX_SAMPLES = 2_000_000;

const options: PacedOptions = JSON.parse(process.argv[2] ?? '{}');
const tokens = readFileSync(options.tokens, 'utf8').trim().split('\n');
const result: PacedLoad = {
  ...{ sent: 0, ok: 0, okLogins: 0, shed: 0, failed: 0, notSent: 0, p50: 0, p99: 0, slowest: 0, lost: 0 },
  example: '',
};
const times: number[] = [];
const idle: Connection[] = [];
let open = 0;
let next = 0;
let serial = options.serial;
const endsAt = performance.now() + options.seconds * 1000;

class Connection {
  readonly #socket: Socket;
  #text = '';
  #request: Request | undefined;

  constructor() {
    open += 1;
    this.#socket = connect(options.port, '127.0.0.1');
    this.#socket.setNoDelay(true).setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#receive(chunk));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      open -= 1;
      const position = idle.indexOf(this);
      if (position >= 0) idle.splice(position, 1);
      if (this.#request) fail('the connection was closed');
      this.#request = undefined;
    });
  }

  send(request: Request): void {
    this.#request = request;
    this.#text = '';
    result.sent += 1;
    this.#socket.write(textOf(request.kind));
  }

  #receive(chunk: string): void {
    this.#text += chunk;
    const head = this.#text.indexOf(END_OF_HEAD);
    if (head < 0 || !this.#request) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
    if (this.#text.length < head + END_OF_HEAD.length + length) return;
    const { kind, sentAt } = this.#request;
    this.#request = undefined;
    note(kind, performance.now() - sentAt, this.#text);
    if (options.rate === 0 && performance.now() < endsAt) this.send(newRequest());
    else idle.push(this);
  }
}

function note(kind: Kind, ms: number, response: string): void {
  result.slowest = Math.max(result.slowest, ms);
  const status = response.slice(9, 12);
  if (status === '503') result.shed += 1;
  else if (status !== '200' || response.includes('"errors"')) fail(response.slice(-300));
  else {
    result.ok += 1;
    if (kind === 'login') result.okLogins += 1;
    if (times.length < MAX_SAMPLES) times.push(ms);
  }
}

function fail(example: string): void {
  result.failed += 1;
  result.example ||= example;
}

/** The same order each time. */
function newRequest(): Request {
  const position = next++ % 100;
  const kind =
    position < options.logins ? 'login' : position < options.logins + options.uniques ? 'unique' : 'me';
  return { kind, sentAt: performance.now() };
}

function textOf(kind: Kind): string {
  if (kind === 'login') {
    const user = serial % options.users;
    return post(loginBody(writeCode({ delayMs: options.delayMs, user, serial: serial++ })));
  }
  const body = kind === 'me' ? ME_BODY : JSON.stringify({ query: `{u${(serial++).toString(36)}:me{id}}` });
  return post(body, tokens[next % tokens.length]);
}

function post(body: string, token?: string): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${authorization}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** On a free connection, or a new one. */
function send(): void {
  const free = idle.pop();
  if (free) free.send(newRequest());
  else if (open < options.connections) new Connection().send(newRequest());
  else result.notSent += 1;
}

if (options.rate === 0) for (let i = 0; i < options.connections; i++) send();
const startedAt = performance.now();
let due = 0;
let dueAt = startedAt;
function sendDue(now: number): void {
  for (; dueAt <= now && dueAt < endsAt; due++) {
    send();
    if (options.isRandom) dueAt -= (1000 / options.rate) * Math.log(1 - Math.random());
    else dueAt = startedAt + ((due + 1) * 1000) / options.rate;
  }
}
function sendRandomly(): void {
  sendDue(performance.now());
  if (performance.now() < endsAt) setImmediate(sendRandomly);
}
if (options.isRandom) sendRandomly();
const timer = setInterval(() => {
  const now = performance.now();
  if (options.rate > 0) sendDue(now);
  const missing = result.sent - result.ok - result.shed - result.failed;
  if (now < endsAt || (missing > 0 && now < endsAt + DRAIN_MS)) return;
  clearInterval(timer);
  result.lost = missing;
  times.sort((a, b) => a - b);
  result.p50 = times[Math.floor(times.length * 0.5)] ?? 0;
  result.p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
}, TICK_MS);
