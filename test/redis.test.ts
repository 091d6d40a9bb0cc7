import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { canariesIn } from './support/canaries.ts';
import { DATABASES } from './support/databases.ts';
import { endOfLog, readLog } from './support/log.ts';
import { sumOf } from './support/metrics.ts';
import {
  type Answer,
  APP_ID,
  codeOf,
  type LoginData,
  type Product,
  startProduct,
} from './support/product.ts';
import { hasRedis, type RedisServer, startRedis } from './support/redis.ts';

const LOGIN = 'mutation ($code: String!) { login(code: $code) { token isNewUser user { id } } }';
const AWAY = 'Redis failed: this process counts and remembers alone';
const BACK = 'Redis responds again';

type Login = Answer<{ login: LoginData }>;

describe.skipIf(!hasRedis() && !process.env.CI).each(DATABASES)(
  'replicas with REDIS_URL on $name',
  (database) => {
    let redis: RedisServer;
    let url: string;
    let one: Product;
    let two: Product;
    beforeAll(async () => {
      redis = await startRedis();
      url = await database.create();
      one = await startProduct(url, { REDIS_URL: redis.url, METRICS_PORT: '0' });
      two = await startProduct(url, { REDIS_URL: redis.url, WECHAT_API_URL: one.sandbox.url });
    });
    afterAll(async () => {
      await one.close();
      await two.close();
      await redis.stop();
    });

    const login = (product: Product, code: string, key: string = randomUUID()): Promise<Login> =>
      product.query(LOGIN, { variables: { code }, headers: { 'idempotency-key': key } });
    const calls = (code: string) => one.sandbox.calls().filter((call) => call.code === code).length;
    const outcome = ({ data }: Login) => [data?.login.user.id, data?.login.isNewUser];
    const metric = async () => sumOf((await one.app.metrics?.text()) ?? '', 'weapp_login_redis_down');
    const messages = (from: number) => readLog(from).map((line) => JSON.parse(line).msg);

    test('a login repeated on another replica: one call to WeChat, one user, the same isNewUser', async () => {
      const [code, key] = [await one.mint('migrant'), randomUUID()];
      const first = await login(one, code, key);
      const second = await login(two, code, key);
      expect(codeOf(first)).toBeUndefined();
      expect(outcome(second)).toEqual(outcome(first));
      expect(outcome(first)[1]).toBe(true);
      expect(calls(code)).toBe(1);
      const { data } = await one.query<{ me: { id: string } }>('{ me { id } }', {
        token: second.data?.login.token,
      });
      expect(data?.me.id).toBe(outcome(first)[0]);
    });

    test('100 logins at once on both replicas with one code and one key: one call, one user', async () => {
      const [code, key] = [await one.mint('crowd'), randomUUID()];
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => login(i % 2 === 0 ? one : two, code, key)),
      );
      expect(answers.map(codeOf)).toEqual(Array(100).fill(undefined));
      expect(new Set(answers.map((answer) => JSON.stringify(outcome(answer)))).size).toBe(1);
      expect(calls(code)).toBe(1);
    });

    test('a failed login is not remembered: the same key may be used again', async () => {
      const key = randomUUID();
      expect(codeOf(await login(one, 'fault:http-502', key))).toBe('WECHAT_UNAVAILABLE');
      expect(codeOf(await login(two, 'fault:http-502', key))).toBe('WECHAT_UNAVAILABLE');
      expect(calls('fault:http-502')).toBe(2);
    });

    test('a repeat with another key is WECHAT_CODE_INVALID, on either replica', async () => {
      const code = await one.mint('rival');
      expect(codeOf(await login(one, code))).toBeUndefined();
      expect(codeOf(await login(two, code))).toBe('WECHAT_CODE_INVALID');
    });

    test('a logout on one replica ends what the other remembers', async () => {
      const [code, key] = [await one.mint('leaver'), randomUUID()];
      const { data } = await login(one, code, key);
      await one.query('mutation { logout { user { id } } }', { token: data?.login.token });
      expect(codeOf(await login(two, code, key))).toBe('WECHAT_CODE_INVALID');
    });

    test('rate limits count for all replicas together, rejected codes too', async () => {
      const limits = {
        REDIS_URL: redis.url,
        WECHAT_API_URL: one.sandbox.url,
        RATE_LIMIT_LOGINS_PER_ADDRESS: '10',
        RATE_LIMIT_FAILURES_PER_ADDRESS: '4',
      };
      const both = await Promise.all([startProduct(url, limits), startProduct(url, limits)]);
      const codes = [];
      for (let i = 0; i < 8; i++) codes.push(codeOf(await login(both[i % 2] ?? one, `wrong-${i}`)));
      expect(codes.filter((code) => code === 'WECHAT_CODE_INVALID')).toHaveLength(4);
      expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(4);
      for (const product of both) await product.close();
    });

    test('1,000 logins, each repeated on the other replica, while Redis is restarted: one call, one user, one isNewUser', async () => {
      const start = endOfLog();
      const pairs = Array.from({ length: 1000 }, (_, i) => i);
      let done = 0;
      const failures: string[] = [];
      const runPair = async (i: number) => {
        const [code, key] = [await one.mint(`pair-${i}`), randomUUID()];
        const [first, second] = i % 2 === 0 ? [one, two] : [two, one];
        const a = await login(first, code, key);
        const b = await login(second, code, key);
        done += 1;
        const isRight =
          !codeOf(a) && JSON.stringify(outcome(a)) === JSON.stringify(outcome(b)) && outcome(a)[1] === true;
        if (!isRight || calls(code) !== 1) failures.push(`${i}: ${codeOf(a)} ${codeOf(b)} ${calls(code)}`);
      };
      const restart = async () => {
        await vi.waitFor(() => expect(done).toBeGreaterThan(300), { timeout: 60_000, interval: 5 });
        await redis.stop();
        await redis.start();
      };
      const restarting = restart();
      const next = pairs.values();
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          for (const i of next) await runPair(i);
        }),
      );
      await restarting;
      expect(failures).toEqual([]);
      await expect
        .poll(() => messages(start).filter((msg) => msg === BACK).length, { timeout: 10_000 })
        .toBe(2);
      expect(messages(start).filter((msg) => msg === AWAY)).toHaveLength(2);
    }, 90_000);

    test('while Redis is away, each replica remembers alone, says so once, and logins are not slower', async () => {
      expect(await metric()).toBe(0);
      const start = endOfLog();
      await redis.stop('SIGKILL');
      await expect.poll(metric).toBe(1);
      await sleep(2100);
      const [code, key] = [await one.mint('alone'), randomUUID()];
      const first = await login(one, code, key);
      expect(outcome(await login(one, code, key))).toEqual(outcome(first));
      expect(codeOf(await login(two, code, key))).toBe('WECHAT_CODE_INVALID');
      const began = performance.now();
      for (let i = 0; i < 20; i++) expect(codeOf(await login(one, `dev:alone-${i}`))).toBeUndefined();
      // Each would wait for half a second.
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(messages(start).filter((msg) => msg === AWAY)).toHaveLength(2);
      await redis.start();
      await expect.poll(metric, { timeout: 10_000 }).toBe(0);
      const [again, otherKey] = [await one.mint('together'), randomUUID()];
      const shared = await login(one, again, otherKey);
      expect(outcome(await login(two, again, otherKey))).toEqual(outcome(shared));
      await expect
        .poll(() => messages(start).filter((msg) => msg === BACK).length, { timeout: 10_000 })
        .toBe(2);
    });

    test('a Redis that rejects commands is away, and says so; logins go on', async () => {
      const admin = new Redis(redis.url);
      const start = endOfLog();
      await admin.config('SET', 'maxmemory', '1');
      const [code, key] = [await one.mint('full'), randomUUID()];
      expect(codeOf(await login(one, code, key))).toBeUndefined();
      await expect.poll(metric).toBe(1);
      expect(
        readLog(start)
          .filter((line) => line.includes(AWAY))
          .join(),
      ).toContain('"code":"OOM"');
      for (let i = 0; i < 5; i++) expect(codeOf(await login(one, `dev:full-${i}`))).toBeUndefined();
      await admin.config('SET', 'maxmemory', '0');
      admin.disconnect();
      await expect.poll(metric, { timeout: 10_000 }).toBe(0);
      expect(messages(start).filter((msg) => msg === AWAY)).toHaveLength(1);
    });

    test('an outcome that somebody else wrote to Redis logs in nobody, nor does one of another login', async () => {
      const admin = new Redis(redis.url);
      const [code, key] = [await one.mint('victim'), randomUUID()];
      const victim = await login(one, code, key);
      const keyOf = (id: string[]) =>
        `weapp-login:login:${createHash('sha256').update(JSON.stringify(id)).digest('base64')}`;
      const genuine = await admin.get(keyOf([APP_ID, code, key]));
      expect(genuine).toContain(outcome(victim)[0]);
      const forgedKey = randomUUID();
      const json = JSON.stringify({ userId: outcome(victim)[0], tokenVersion: 0, isNewUser: true });
      for (const value of [json, genuine ?? '', `${'A'.repeat(43)}${json}`, '{']) {
        await admin.set(keyOf([APP_ID, 'made-up-code', forgedKey]), value);
        expect(codeOf(await login(two, 'made-up-code', forgedKey))).toBe('WECHAT_CODE_INVALID');
      }
      admin.disconnect();
    });

    test('a Redis that does not respond delays a login by seconds once, not each', async () => {
      process.kill(redis.pid(), 'SIGSTOP');
      const began = performance.now();
      expect(codeOf(await login(one, 'dev:frozen'))).toBeUndefined();
      expect(performance.now() - began).toBeLessThan(5000);
      await sleep(2100);
      const later = performance.now();
      for (let i = 0; i < 10; i++) expect(codeOf(await login(one, `dev:frozen-${i}`))).toBeUndefined();
      expect(performance.now() - later).toBeLessThan(4000);
      process.kill(redis.pid(), 'SIGCONT');
    });
  },
);

describe.skipIf(!hasRedis() && !process.env.CI)('REDIS_URL', () => {
  test.each([
    ['a wrong password', (url: string) => url.replace(/:[^:@]+@/, ':canary-wrong@'), 'WRONGPASS'],
    ['a port without a server', () => 'redis://127.0.0.1:1', 'ECONNREFUSED'],
    ['a host that does not exist', () => 'redis://redis.invalid:6379', 'ENOTFOUND'],
  ])('of %s: the server starts, says so once, and logs in', async (_, change, code) => {
    const redis = await startRedis();
    const start = endOfLog();
    const product = await startProduct('file::memory:', { REDIS_URL: change(redis.url) });
    expect(codeOf(await product.login('dev:anyway'))).toBeUndefined();
    await sleep(300);
    const lines = readLog(start).filter((line) => line.includes(AWAY));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 40, redis: { code } }]);
    expect(canariesIn(lines.join())).toEqual([]);
    expect(lines.join()).not.toContain('canary');
    await product.close();
    await redis.stop();
  });
});
