import { execFileSync, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { readConfig } from '../src/config/config.ts';
import { openStorage } from '../src/storage/open.ts';
import { SESSION_KEY_SECRET } from '../test/support/canaries.ts';
import { freePort } from '../test/support/mariadb.ts';
import { environment, type Product, startProduct } from '../test/support/product.ts';
import { startDatabase } from './database.ts';

/**
 * Measures what the numbers of users and logins are multiplied by in docs/capacity.md: the bytes of a user in MariaDB, how
 * long a dump and a new index take, and the commands of a login in Redis.
 */
const USERS = 200_000;
const LOGINS = 2000;
const AT_ONCE = 50;
const MB = 1e6;

/** What is still running, the last one first. */
const closers: (() => unknown)[] = [];
try {
  await measureTable();
  await measureRedis();
} finally {
  for (const close of closers.reverse()) await close();
}

async function measureTable(): Promise<void> {
  const mariadb = await startDatabase('mariadb', USERS);
  closers.push(mariadb.stop);
  const url = await mariadb.create('footprint');
  const { database } = readConfig(environment({ DATABASE_URL: url }));
  const storage = await openStorage(database, [SESSION_KEY_SECRET]);
  await storage.migrate();
  await storage.close();
  await mariadb.fill('footprint', USERS);
  const connection = await createConnection(url);
  closers.push(() => connection.end());
  const print = async (name: string) => {
    await connection.query('ANALYZE TABLE user');
    const [[size]] = await connection.query<RowDataPacket[]>(
      "SELECT data_length AS data, index_length AS indexes FROM information_schema.tables WHERE table_schema = 'footprint' AND table_name = 'user'",
    );
    const [data, indexes] = [size?.data / USERS, size?.indexes / USERS];
    process.stdout.write(
      `| ${name} | ${data.toFixed(0)} | ${indexes.toFixed(0)} | ${(data + indexes).toFixed(0)} |\n`,
    );
  };

  process.stdout.write(
    `${USERS} users\n\n| | data bytes a row | index bytes a row | together |\n| --- | ---: | ---: | ---: |\n`,
  );
  await print('with nickname and picture');
  // In a random order, as users get a unionid and a phone number. The factor has no divisor of the modulus.
  await connection.query('SET @n = 0');
  await connection.query(
    "UPDATE user SET union_id = concat('o', left(sha1(open_id), 27)), phone_number = concat('+86139', lpad(mod((@n := @n + 1) * 61803399, 100000000), 8, '0')), phone_country_code = '86' ORDER BY sha1(id)",
  );
  await print('and with unionid and phone number, added later');
  const rebuild = await seconds(() => connection.query('ALTER TABLE user FORCE'));
  await print('the same, after ALTER TABLE user FORCE');
  const alter = await seconds(() => connection.query('CREATE INDEX another ON user (open_id)'));
  const { port, pathname, username, password } = new URL(url);
  let dumped = 0;
  const dump = await seconds(async () => {
    const options = ['--single-transaction', `--port=${port}`, `--user=${username}`, '--host=127.0.0.1'];
    const output = execFileSync('mariadb-dump', [...options, pathname.slice(1), 'user'], {
      env: { ...process.env, MYSQL_PWD: decodeURIComponent(password) },
      maxBuffer: 1e9,
    });
    dumped = output.length;
  });
  process.stdout.write(
    `\nALTER TABLE user FORCE: ${rebuild.toFixed(1)} s. An index of one column: ${alter.toFixed(1)} s. A dump: ${dump.toFixed(1)} s, ${(dumped / MB).toFixed(0)} MB, ${(dumped / USERS).toFixed(0)} bytes a row.\n`,
  );
}

async function seconds(task: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await task();
  return (performance.now() - startedAt) / 1000;
}

/** Logins of different users with an Idempotency-Key, which the client package always sends. */
async function measureRedis(): Promise<void> {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    cwd: tmpdir(),
    stdio: 'ignore',
  });
  closers.push(() => server.kill());
  const redis = new Redis(port);
  closers.push(() => redis.disconnect());
  // ioredis connects again until it is there.
  redis.on('error', () => undefined);
  await new Promise((resolve) => redis.once('ready', resolve));
  const limits = Object.fromEntries(
    ['LOGINS_PER_ADDRESS', 'LOGINS_PER_APP', 'FAILURES_PER_ADDRESS', 'FAILURES_PER_NETWORK'].map((name) => [
      `RATE_LIMIT_${name}`,
      '1000000',
    ]),
  );
  for (const atOnce of [1, AT_ONCE])
    for (const environment of [{}, { REDIS_URL: `redis://127.0.0.1:${port}` }]) {
      const product = await startProduct('file::memory:', { LOG_LEVEL: 'warn', ...limits, ...environment });
      closers.push(product.close);
      await logIn(product, 'warm-up', atOnce);
      const [before, cpu] = [await countersOf(redis), process.cpuUsage()];
      await logIn(product, 'measured', atOnce);
      const { user, system } = process.cpuUsage(cpu);
      const after = await countersOf(redis);
      const perLogin = (name: keyof typeof after) => (after[name] - before[name]) / LOGINS;
      process.stdout.write(
        `\n${atOnce} logins at once, ${Object.keys(environment)[0] ?? 'without Redis'}: ${perLogin('commands').toFixed(1)} commands of Redis each, ${(1e6 * perLogin('cpuSeconds')).toFixed(0)} µs of its CPU, ${perLogin('bytes').toFixed(0)} bytes; ${((user + system) / LOGINS).toFixed(0)} µs CPU of the server, the sandbox and the load.\n`,
      );
    }
}

async function logIn(product: Product, name: string, atOnce: number): Promise<void> {
  const login = async (user: string) => {
    const variables = { code: await product.mint(user) };
    const headers = { 'idempotency-key': `a-key-of-${user}-0123456789` };
    const { errors } = await product.query('mutation ($code: String!) { login(code: $code) { token } }', {
      variables,
      headers,
    });
    if (errors) throw new Error(JSON.stringify(errors));
  };
  for (let from = 0; from < LOGINS; from += atOnce)
    await Promise.all(Array.from({ length: atOnce }, (_, i) => login(`${name}-${atOnce}-${from + i}`)));
}

async function countersOf(redis: Redis) {
  const text = await redis.info();
  const read = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]);
  return {
    commands: read('total_commands_processed'),
    cpuSeconds: read('used_cpu_user') + read('used_cpu_sys'),
    bytes: read('used_memory'),
  };
}
