import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { clientAddress } from '../src/http/client-address.ts';
import { createLog } from '../src/ops/log.ts';
import { createAddressKeys } from '../src/ops/networks.ts';
import { createRateLimits } from '../src/ops/rate-limit.ts';
import { DATABASES, MYSQL, runSql } from './support/databases.ts';
import { type Answer, APP_ID, codeOf, SECOND_APP_ID } from './support/product.ts';
import { type Server, startServer } from './support/server.ts';

const LOGIN = `mutation ($code: String!, $appId: String) { login(code: $code, appId: $appId) { token } }`;

describe.each(DATABASES)('rate limits on $name', (database) => {
  const servers: Server[] = [];
  afterAll(() => Promise.all(servers.map((server) => server.close())));
  const start = async (more: Record<string, string>, url?: string) => {
    const server = await startServer(url ?? (await database.create()), more);
    servers.push(server);
    return server;
  };
  const login = (server: Server, code = 'dev:someone', headers = {}, appId = APP_ID) =>
    server.post(LOGIN, { variables: { code, appId }, headers });
  const codes = (answers: Answer<unknown>[]) => answers.map((answer) => codeOf(answer) ?? 'OK');

  test('the login above the limit gets RATE_LIMITED with retryAfter', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '3' });
    for (let i = 0; i < 3; i++) expect(codeOf(await login(server))).toBeUndefined();
    const { errors, data } = await login(server);
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toEqual({
      code: 'RATE_LIMITED',
      action: 'RETRY_LATER',
      retryAfter: expect.any(Number),
    });
    const { retryAfter = 0 } = errors?.[0]?.extensions ?? {};
    expect(retryAfter > 0 && retryAfter <= 60).toBe(true);
  });

  test('aliases count separately, with valid and invalid codes', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '3' });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const { errors } = await server.post(
      `mutation { ${names.map((name) => `${name}: login(code: "wrong-${name}") { token }`).join(' ')} }`,
    );
    expect(errors?.map(({ extensions }) => extensions.code).sort()).toContain('WECHAT_CODE_INVALID');
    expect(codes([await login(server), await login(server), await login(server)])).toEqual([
      'OK',
      'OK',
      'RATE_LIMITED',
    ]);
  });

  test('50 at once: exactly the limit succeeds', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '7' });
    const answers = await Promise.all(Array.from({ length: 50 }, () => login(server)));
    expect(codes(answers).filter((code) => code === 'OK')).toHaveLength(7);
    expect(codes(answers).filter((code) => code === 'RATE_LIMITED')).toHaveLength(43);
  });

  test('a rate-limited code is not sent to WeChat and stays valid', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '1', TRUST_PROXY: '1' });
    const code = await server.product.mint('patient');
    await login(server, 'dev:other', from('203.0.113.1'));
    expect(codeOf(await login(server, code, from('203.0.113.1')))).toBe('RATE_LIMITED');
    expect(codeOf(await login(server, code, from('203.0.113.2')))).toBeUndefined();
  });

  test('a mini program has a limit of its own', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_APP: '2' });
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await login(server));
    answers.push(await login(server, 'dev:someone', {}, SECOND_APP_ID));
    expect(codes(answers)).toEqual(['OK', 'OK', 'RATE_LIMITED', 'OK']);
  });

  const BUDGETS = {
    TRUST_PROXY: '1',
    RATE_LIMIT_LOGINS_PER_ADDRESS: '300',
    RATE_LIMIT_LOGINS_PER_APP: '6000',
    RATE_LIMIT_FAILURES_PER_ADDRESS: '30',
    RATE_LIMIT_FAILURES_PER_NETWORK: '120',
  };
  const from = (address: string) => ({ 'x-forwarded-for': address });

  test('6,000 garbage codes a minute from 20 networks lock out these networks only', {
    timeout: 120_000,
  }, async () => {
    const server = await start(BUDGETS);
    const garbage = (i: number) =>
      login(server, `garbage${i}`, from(`198.51.${i % 20}.${((i / 20) % 256) | 0}`));
    const outcomes: string[] = [];
    for (let i = 0; i < 6000; i += 100)
      outcomes.push(...codes(await Promise.all(Array.from({ length: 100 }, (_, k) => garbage(i + k)))));
    expect(new Set(outcomes)).toEqual(new Set(['WECHAT_CODE_INVALID', 'RATE_LIMITED']));
    const rejected = outcomes.filter((code) => code === 'WECHAT_CODE_INVALID').length;
    expect(rejected).toBeGreaterThanOrEqual(20 * 120);
    expect(rejected).toBeLessThan(20 * 130);
    expect(server.product.sandbox.calls().length).toBe(rejected);

    const honest = Array.from({ length: 20 }, (_, i) =>
      login(server, `dev:honest${i}`, from(`203.0.${i}.1`)),
    );
    expect(codes(await Promise.all(honest))).toEqual(Array(20).fill('OK'));
    expect(codes([await login(server, 'dev:neighbour', from('198.51.0.250'))])).toEqual(['RATE_LIMITED']);
  });

  test('rejected codes lock out their address first, then its network', async () => {
    const server = await start({
      ...BUDGETS,
      RATE_LIMIT_FAILURES_PER_ADDRESS: '2',
      RATE_LIMIT_FAILURES_PER_NETWORK: '5',
    });
    const attempt = async (code: string, address: string) =>
      codes([await login(server, code, from(address))])[0];
    for (let i = 0; i < 2; i++) expect(await attempt(`wrong${i}`, '203.0.113.1')).toBe('WECHAT_CODE_INVALID');
    expect(await attempt('dev:good', '203.0.113.1')).toBe('RATE_LIMITED');
    expect(await attempt('dev:good', '203.0.113.2')).toBe('OK');
    for (const address of ['203.0.113.3', '203.0.113.3', '203.0.113.4'])
      expect(await attempt('wrong-again', address)).toBe('WECHAT_CODE_INVALID');
    expect(await attempt('dev:good', '203.0.113.5')).toBe('RATE_LIMITED');
    expect(await attempt('dev:good', '203.0.114.5')).toBe('OK');
    for (let i = 0; i < 2; i++)
      expect(await attempt(`wrong${i}`, '2001:db8:1:1::1')).toBe('WECHAT_CODE_INVALID');
    expect(await attempt('dev:good', '2001:db8:1:1::2')).toBe('RATE_LIMITED');
    expect(await attempt('dev:good', '2001:db8:1:2::2')).toBe('OK');
  });

  test('logins that WeChat did not accept do not count for the mini program, whatever the reason', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_APP: '2' });
    const attempts = ['wrong', 'fault:40029', 'fault:45011', 'fault:http-502', 'fault:40226', 'wrong-again'];
    for (const code of attempts) expect(codeOf(await login(server, code))).not.toBe('RATE_LIMITED');
    expect(codes([await login(server), await login(server), await login(server)])).toEqual([
      'OK',
      'OK',
      'RATE_LIMITED',
    ]);
    const line = readFileSync(`.test-output/log-${process.pid}.ndjson`, 'utf8')
      .split('\n')
      .findLast((text) => text.includes('RATE_LIMIT_LOGINS_PER_APP'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 50, msg: 'a rate limit was reached' });
  });

  test('X-Forwarded-For is ignored without TRUST_PROXY', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '2' });
    const answers = [];
    for (let i = 0; i < 4; i++)
      answers.push(await login(server, 'dev:someone', { 'x-forwarded-for': `203.0.113.${i}` }));
    expect(codes(answers)).toEqual(['OK', 'OK', 'RATE_LIMITED', 'RATE_LIMITED']);
  });

  test('with TRUST_PROXY the address of the proxy counts, not one that the client added', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '2', TRUST_PROXY: '1' });
    const answers = [];
    for (let i = 0; i < 3; i++)
      answers.push(await login(server, 'dev:someone', { 'x-forwarded-for': `198.51.100.${i}, 203.0.113.9` }));
    answers.push(await login(server, 'dev:someone', { 'x-forwarded-for': '203.0.113.10' }));
    expect(codes(answers)).toEqual(['OK', 'OK', 'RATE_LIMITED', 'OK']);
  });

  test('0 disables a limit', async () => {
    const server = await start({ RATE_LIMIT_LOGINS_PER_ADDRESS: '0', RATE_LIMIT_LOGINS_PER_APP: '0' });
    const answers = await Promise.all(Array.from({ length: 320 }, () => login(server)));
    expect(new Set(codes(answers))).toEqual(new Set(['OK']));
  });
});

describe.skipIf(!MYSQL)('rate limits of several replicas', () => {
  const settings = {
    RATE_LIMIT_STORE: 'database',
    RATE_LIMIT_LOGINS_PER_ADDRESS: '10',
    WECHAT_TIMEOUT_MS: '5000',
  };
  const login = (server: Server) => server.post(LOGIN, { variables: { code: 'dev:shared' } });

  test('count together in the database, exactly, also at once', async () => {
    const url = (await MYSQL?.create()) ?? '';
    const [a, b] = [await startServer(url, settings), await startServer(url, settings)];
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => login(i % 2 ? a : b)));
    expect(answers.filter((answer) => codeOf(answer) === undefined)).toHaveLength(10);
    expect(answers.filter((answer) => codeOf(answer) === 'RATE_LIMITED')).toHaveLength(20);
    await Promise.all([a.close(), b.close()]);
  });

  test.each(['database', 'memory'])(
    'codes that WeChat rejects all at once do not block the mini program, with counters in %s',
    async (store) => {
      const server = await startServer((await MYSQL?.create()) ?? '', {
        RATE_LIMIT_STORE: store,
        RATE_LIMIT_LOGINS_PER_APP: '5',
        TRUST_PROXY: '1',
      });
      const from = (address: string, code: string) =>
        server.post(LOGIN, { variables: { code }, headers: { 'x-forwarded-for': address } });
      await Promise.all(Array.from({ length: 20 }, (_, i) => from(`198.51.${i}.1`, `garbage-${i}`)));
      // At most a second later, when the counter of the mini program is read again.
      await expect
        .poll(async () => codeOf(await from('203.0.113.1', 'dev:honest')), { timeout: 2500, interval: 200 })
        .toBeUndefined();
      await server.close();
    },
  );

  test('and each in memory while the counters are unreachable', async () => {
    const url = (await MYSQL?.create()) ?? '';
    const server = await startServer(url, settings);
    await runSql(url, 'DROP TABLE rate_limit');
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push(codeOf(await login(server)) ?? 'OK');
    expect(answers).toEqual([...Array(10).fill('OK'), 'RATE_LIMITED', 'RATE_LIMITED']);
    await server.close();
  });
});

test('phone numbers are limited by user', async () => {
  const limits = createRateLimits(
    { loginsPerAddress: 0, loginsPerApp: 0, failuresPerAddress: 0, failuresPerNetwork: 0, phonesPerUser: 2 },
    { log: createLog('silent') },
  );
  expect([await limits.phone('a'), await limits.phone('a')]).toEqual([0, 0]);
  expect(await limits.phone('a')).toBe(3600);
  expect(await limits.phone('b')).toBe(0);
});

test('the client address is that of the peer, or as a trusted proxy reports it', () => {
  const peer = '10.0.0.1';
  expect(clientAddress(peer, '203.0.113.7', 0)).toBe(peer);
  expect(clientAddress(peer, undefined, 1)).toBe(peer);
  expect(clientAddress(peer, '203.0.113.7', 1)).toBe('203.0.113.7');
  expect(clientAddress(peer, '6.6.6.6, 203.0.113.7', 1)).toBe('203.0.113.7');
  expect(clientAddress(peer, '6.6.6.6, 203.0.113.7, 10.0.0.2', 2)).toBe('203.0.113.7');
  expect(clientAddress(peer, ['6.6.6.6', '203.0.113.7'], 1)).toBe('203.0.113.7');
  expect(clientAddress(peer, '203.0.113.7:4711', 1)).toBe('203.0.113.7');
  expect(clientAddress(peer, '[2001:db8::1]:4711', 1)).toBe('2001:db8::1');
  expect(clientAddress(peer, 'unknown', 1)).toBe(peer);
  expect(clientAddress(peer, '203.0.113.7', 2)).toBe(peer);
  expect(clientAddress(peer, '[2001:db8::1]', 1)).toBe('2001:db8::1');
  for (const other of [
    '',
    'x[2001:db8::1]',
    '[2001:db8::1]x',
    'x203.0.113.7:80',
    '203.0.113.7:80x',
    '[unknown]',
  ])
    expect(clientAddress(peer, other, 1)).toBe(peer);
  expect([clientAddress(undefined, undefined, 0), clientAddress(undefined, 'unknown', 1)]).toEqual(['', '']);
});

const keysOf = createAddressKeys();

test('IPv6 addresses count by their first 64 bits, IPv4 addresses whole', () => {
  expect(keysOf('203.0.113.7').client).toBe('203.0.113.7');
  expect(keysOf('::ffff:203.0.113.7').client).toBe('203.0.113.7');
  expect(keysOf('2001:db8:1:2:3:4:5:6').client).toBe('2001:db8:1:2::/64');
  expect(keysOf('2001:DB8:1:2::9').client).toBe('2001:db8:1:2::/64');
  expect(keysOf('fe80::1%eth0').client).toBe('fe80:0:0:0::/64');
  expect(keysOf('::1').client).toBe('0:0:0:0::/64');
  expect(keysOf('::ffff:c0a8:1').client).toBe('192.168.0.1');
  expect(keysOf('::ffff:c0a8:2').client).toBe('192.168.0.2');
  expect(keysOf('').client).toBe('');
});

test('networks are an IPv4 /24 or an IPv6 /48', () => {
  expect(keysOf('203.0.113.7').network).toBe('203.0.113.0/24');
  expect(keysOf('::ffff:203.0.113.200').network).toBe('203.0.113.0/24');
  expect(keysOf('2001:db8:1:2:3:4:5:6').network).toBe('2001:db8:1::/48');
  expect(keysOf('2001:db8:1:ffff::9').network).toBe('2001:db8:1::/48');
  expect(keysOf('2001:db8:2::9').network).toBe('2001:db8:2::/48');
});
