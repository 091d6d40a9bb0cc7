import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { logFailure, toClientError } from '../src/graphql/failures.ts';
import { StorageError } from '../src/storage/storage-error.ts';
import { WeChatError } from '../src/wechat/wechat-error.ts';
import { endOfLog, readLog } from './support/log.ts';
import { APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

const LOGIN = 'mutation Login { login(code: "dev:logged") { token user { id } } }';
const ME = 'query Me { me { id } }';

type Line = { level: number; requestId?: string; msg: string; [field: string]: unknown };

/** The lines of the log from a position on, oldest first. */
function lines(from = 0): Line[] {
  return readLog(from).map((line) => JSON.parse(line));
}

describe('the log has a line for each operation, found by its request id', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer('file::memory:');
  });
  afterAll(() => server.close());

  const send = async <Data>(
    query: string,
    options: { token?: string; variables?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const requestId = randomUUID();
    const start = endOfLog();
    const headers = { ...options.headers, 'x-request-id': requestId };
    const answer = await server.post<Data>(query, { ...options, headers });
    expect(answer.headers.get('x-request-id')).toBe(requestId);
    const own = lines(start).filter((line) => line.requestId === requestId && line.msg === 'operation');
    expect(own).toHaveLength(1);
    return { answer, line: own[0] };
  };

  test('with operation, user, mini program and duration, at level info', async () => {
    const { answer, line } = await send<{ login: { token: string; user: { id: string } } }>(LOGIN);
    const { token = '', user } = answer.data?.login ?? {};
    expect(line).toEqual({
      level: 30,
      lane: 'yoga',
      time: expect.any(Number),
      requestId: expect.any(String),
      operation: { name: 'Login', type: 'mutation' },
      codes: [],
      durationMs: expect.any(Number),
      bytes: Number(answer.headers.get('content-length')),
      userId: user?.id,
      appId: APP_ID,
      build: null,
      msg: 'operation',
    });
    expect((await send(ME, { token })).line).toMatchObject({
      operation: { name: 'Me', type: 'query' },
      codes: [],
      userId: user?.id,
      appId: APP_ID,
    });
  });

  test('with the code of each failed field', async () => {
    expect((await send('{ me { id } again: me { id } }')).line).toMatchObject({
      operation: { name: null, type: 'query' },
      codes: [
        ['me', 'UNAUTHENTICATED'],
        ['again', 'UNAUTHENTICATED'],
      ],
      userId: null,
      appId: null,
    });
    expect((await send('mutation { login(code: "") { token } }')).line).toMatchObject({
      codes: [['login', 'BAD_USER_INPUT']],
    });
  });

  test('also if the document or the variables are rejected', async () => {
    const rejected = { operation: { name: null, type: null }, userId: null };
    expect((await send('{ nothing }')).line).toMatchObject({
      ...rejected,
      codes: [[null, 'GRAPHQL_VALIDATION_FAILED']],
    });
    expect((await send('{')).line).toMatchObject({ ...rejected, codes: [[null, 'GRAPHQL_PARSE_FAILED']] });
    const invalid = await send('query Users($first: Int) { users(first: $first) { totalCount } }', {
      variables: { first: 'x' },
    });
    expect(invalid.line).toMatchObject({ codes: [[null, 'BAD_USER_INPUT']] });
  });

  test.each(['yoga', 'compiled'])(
    'with the build of the mini program and the trace, in the lane %s',
    async (lane) => {
      const query = `query Lane_${lane} { me { id } }`;
      const sends = lane === 'yoga' ? 1 : 14;
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const headers = {
        referer: `https://servicewechat.com/${APP_ID}/42/page-frame.html`,
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      };
      let last = await send(query, { headers });
      for (let i = 1; i < sends; i++) last = await send(query, { headers });
      const bytes = Number(last.answer.headers.get('content-length'));
      expect(last.line).toMatchObject({ lane, build: '42', traceId, bytes });
    },
  );

  test.each(['yoga', 'compiled'])('with its duration in milliseconds, in the lane %s', async (lane) => {
    const { answer } = await send<{ login: { token: string } }>(LOGIN);
    const token = answer.data?.login.token ?? '';
    const query = `query Timed_${lane} { me { id } }`;
    for (let i = 0; i < (lane === 'yoga' ? 0 : 13); i++) await send(query, { token });
    const { users } = server.product.app.storage;
    const byId = users.byId;
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      vi.advanceTimersByTime(5000);
      users.byId = (id) => {
        vi.advanceTimersByTime(1234);
        return byId(id);
      };
      expect((await send(query, { token })).line).toMatchObject({ lane, durationMs: 1234 });
    } finally {
      users.byId = byId;
      vi.useRealTimers();
    }
  });

  test.each([
    ['a Referer of another site', { referer: 'https://example.com/wx1/2/page-frame.html' }],
    [
      'a Referer with a text for the log',
      { referer: `https://servicewechat.com/${APP_ID}/"x"/page-frame.html` },
    ],
    ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['an unknown version of traceparent', { traceparent: `ff-${'a'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['a longer traceparent', { traceparent: `00-${'a'.repeat(32)}-00f067aa0ba902b7-01-more` }],
  ])('without %s', async (_, headers) => {
    const { line } = await send(ME, { headers });
    expect(line?.build).toBeNull();
    expect(line).not.toHaveProperty('traceId');
  });

  test('at level error if the operator must act', async () => {
    const login = (code: string) => send(`mutation { login(code: "${code}") { token } }`);
    expect((await login('fault:40125')).line).toMatchObject({
      level: 50,
      codes: [['login', 'WECHAT_MISCONFIGURED']],
    });
    expect((await login('fault:40029')).line).toMatchObject({ level: 30 });
  });

  test('with at most 64 characters of the name, and nothing else of the request', async () => {
    const { line } = await send(`query ${'N'.repeat(5000)} { me { secretAlias: id } }`);
    expect(line?.operation).toEqual({ name: 'N'.repeat(64), type: 'query' });
    expect(JSON.stringify(line)).not.toContain('secretAlias');
  });
});

test('LOG_SAMPLE leaves out operations without an error, and no other', async () => {
  const server = await startServer('file::memory:', { LOG_SAMPLE: '0' });
  const start = endOfLog();
  for (let i = 0; i < 20; i++) await server.post('{ __typename }');
  await server.post(ME);
  const operations = lines(start).filter(({ msg }) => msg === 'operation');
  expect(operations.map(({ codes }) => codes)).toEqual([[['me', 'UNAUTHENTICATED']]]);
  await server.close();
  const half = await startServer('file::memory:', { LOG_SAMPLE: '0.5' });
  const next = endOfLog();
  for (let i = 0; i < 200; i++) await half.post('{ __typename }');
  const sampled = lines(next).filter(({ msg }) => msg === 'operation').length;
  // 200 fair coins: outside once in 10^11 runs.
  expect(sampled).toBeGreaterThan(50);
  expect(sampled).toBeLessThan(150);
  await half.close();
});

describe('behind a proxy that is not configured', () => {
  test('X-Forwarded-For is reported once, with the variable to set', async () => {
    const server = await startServer('file::memory:');
    const warnings = () => lines().filter(({ msg }) => msg.startsWith('X-Forwarded-For is ignored'));
    const before = warnings().length;
    await server.post(ME);
    expect(warnings()).toHaveLength(before);
    for (let i = 0; i < 3; i++) await server.post(ME, { headers: { 'x-forwarded-for': `203.0.113.${i}` } });
    expect(warnings().slice(before)).toEqual([
      expect.objectContaining({ level: 40, msg: expect.stringContaining('Set TRUST_PROXY') }),
    ]);
    await server.close();
    const configured = await startServer('file::memory:', { TRUST_PROXY: '1' });
    await configured.post(ME, { headers: { 'x-forwarded-for': '203.0.113.1' } });
    expect(warnings()).toHaveLength(before + 1);
    await configured.close();
  });

  test('a rate limit that is reached is logged once a minute, with its variable', async () => {
    const server = await startServer('file::memory:', { RATE_LIMIT_LOGINS_PER_ADDRESS: '2' });
    const reached = () => lines().filter(({ msg }) => msg === 'a rate limit was reached');
    const before = reached().length;
    for (let i = 0; i < 6; i++) await server.post(LOGIN);
    expect(reached().slice(before)).toEqual([
      expect.objectContaining({
        level: 40,
        rateLimit: { variable: 'RATE_LIMIT_LOGINS_PER_ADDRESS', suppressed: 0 },
      }),
    ]);
    server.product.clock.now += 60_001;
    await server.post(LOGIN);
    expect(reached().at(-1)).toMatchObject({ rateLimit: { suppressed: 3 } });
    await server.close();
  });
});

test.each<[unknown, string, string, string]>([
  [
    new StorageError('UNAVAILABLE', 'ETIMEDOUT'),
    'SERVICE_UNAVAILABLE',
    'error',
    'database unavailable (ETIMEDOUT)',
  ],
  [new StorageError('FAULT', 'ER_NO'), 'INTERNAL_SERVER_ERROR', 'error', 'database fault (ER_NO)'],
  [new TypeError('a secret'), 'INTERNAL_SERVER_ERROR', 'error', 'unexpected failure'],
  [{ failure: 'UNAVAILABLE' }, 'INTERNAL_SERVER_ERROR', 'error', 'unexpected failure'],
  [
    new WeChatError('WECHAT_UNAVAILABLE', 'jscode2session', 'no response'),
    'WECHAT_UNAVAILABLE',
    'warn',
    'jscode2session: no response',
  ],
  [
    new WeChatError('WECHAT_CODE_INVALID', 'jscode2session', 'errcode 40029', {
      errcode: 40029,
      rid: 'r-1',
    }),
    'WECHAT_CODE_INVALID',
    'info',
    'jscode2session: errcode 40029',
  ],
  [
    new WeChatError('WECHAT_MISCONFIGURED', 'jscode2session', 'errcode 40125', {
      errcode: 40125,
      remedy: 'x',
    }),
    'WECHAT_MISCONFIGURED',
    'error',
    'jscode2session: errcode 40125',
  ],
])('%s is %s for the client, and logged as %s: %s', (failure, code, level, message) => {
  const lines: unknown[] = [];
  const log = pino(
    { level: 'trace', formatters: { level: (label) => ({ level: label }) } },
    {
      write: (line: string) => lines.push(JSON.parse(line)),
    },
  );
  logFailure(failure, log);
  expect(lines).toMatchObject([{ level, msg: message }]);
  const { errcode, rid } = failure instanceof WeChatError ? failure : {};
  const { extensions } = toClientError(failure);
  expect(extensions).toMatchObject({ code });
  expect(extensions.wechat).toEqual(
    errcode === undefined ? undefined : { errcode, ...(rid === undefined ? {} : { rid }) },
  );
});
