import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, PROJECT, run } from './build.ts';
import { type Contender, PRODUCTION, prepareContenders } from './contenders.ts';
import { describeCores } from './cores.ts';
import { type DatabaseServer, startDatabase } from './database.ts';
import { launch, post } from './launch.ts';
import { load, ME_BODY } from './load.ts';
import { type Measurement, measure, type Scene, type Server } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { isMeasured, MAIN_CONCURRENCY, planCells } from './plan.ts';
import { cellTable } from './report.ts';
import { createSigner, type Signer, tokenOf, writeTokens } from './tokens.ts';
import { missingPackages } from './tools.ts';
import { verify } from './verify.ts';

/** Stops what was started, the last first, also after Ctrl-C. */
const closers: (() => Promise<void> | void)[] = [];
async function close(): Promise<void> {
  for (const closeOne of closers.splice(0).reverse()) await closeOne();
}
process.once('SIGINT', () => close().finally(() => process.exit(130)));

const began = performance.now();
function progress(text: string): void {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
}

const options = readOptions(process.argv.slice(2));
if (options.help) process.stdout.write(`${USAGE}\n`);
else await bench(options).finally(close);

async function bench(options: Options): Promise<void> {
  const missing = missingPackages(options.databases.includes('mariadb'));
  if (missing.length > 0) throw new Error(`please install: apt-get install ${missing.join(' ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-bench-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));

  progress('building');
  const { contenders, leftOut } = await prepareContenders(options);
  for (const reason of leftOut) progress(`left out: ${reason}`);
  const signer = await createSigner();
  const tokens = join(folder, 'tokens');
  await writeTokens(signer, options.users, tokens);

  const wechat = await startWeChat(folder);
  const scene: Scene = { ...options, tokens, wechatPid: wechat.pid };
  const servers: Server[] = [];
  for (const kind of options.databases) {
    progress(`${kind}: ${options.users} users for each server`);
    const database = await startDatabase(kind, options.users);
    closers.push(database.stop);
    const wechatUrl = `http://127.0.0.1:${wechat.port}`;
    for (const contender of contenders.filter(({ databases }) => databases.includes(kind)))
      servers.push(await startServer(contender, database, { signer, folder, wechatUrl, ...options }));
  }
  progress('warming up');
  for (const server of servers) await warmUp(server, options, scene);

  const measurements = await measureAll(servers, options, scene);
  process.stdout.write(`${describeCores()}\n\n`);
  for (const cell of planCells(options)) process.stdout.write(`${cellTable(measurements, cell)}\n`);
}

async function startWeChat(folder: string) {
  const command = [process.execPath, await compile('wechat.ts')];
  const program = {
    name: 'wechat',
    command,
    cwd: PROJECT,
    env: {},
    role: 'load',
    log: join(folder, 'wechat'),
  };
  const wechat = await launch({ ...program, role: 'load' }, responds);
  closers.push(wechat.stop);
  return wechat;
}

async function responds(port: number): Promise<boolean> {
  return post(port, '').then(
    () => true,
    () => false,
  );
}

type StartOptions = { signer: Signer; folder: string; wechatUrl: string; users: number };

/** Creates and fills the database of a server, starts it and checks what it responds. */
async function startServer(
  { name, cwd, command, env, role, migrations }: Contender,
  database: DatabaseServer,
  { signer, folder, wechatUrl, users }: StartOptions,
): Promise<Server> {
  const databaseName = `bench_${name.replace(/\W/g, '_')}`;
  const url = await database.create(databaseName);
  await migrate(migrations, url);
  await database.fill(databaseName, users);
  const token = await tokenOf(signer, 0);
  const program = {
    name,
    command,
    cwd,
    env: { ...env, DATABASE_URL: url, WECHAT_API_URL: wechatUrl },
    role,
    log: join(folder, `${database.kind}-${name}`),
  };
  const running = await launch(program, (port) =>
    post(port, ME_BODY, token).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  closers.push(running.stop);
  await verify(running.port, signer, users).catch((cause: unknown) => {
    throw new Error(`${name} on ${database.kind} does not respond as it must`, { cause });
  });
  return { name, running, database };
}

async function migrate(folder: string, url: string): Promise<void> {
  const env = Object.entries({ ...PRODUCTION, DATABASE_URL: url }).map(([key, value]) => `${key}=${value}`);
  await run('env', [...env, process.execPath, 'dist/cli/migrate.js'], folder);
}

async function warmUp({ running }: Server, { operations, warmup }: Options, scene: Scene): Promise<void> {
  if (warmup === 0) return;
  for (const operation of operations) {
    const about = { operation, concurrency: MAIN_CONCURRENCY, delayMs: 0 };
    await load({ ...scene, ...about, port: running.port, seconds: warmup });
  }
}

/** Each round measures all cells; in each cell another server begins. */
async function measureAll(servers: Server[], options: Options, scene: Scene): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (let round = 0; round < options.rounds; round++) {
    progress(`round ${round + 1} of ${options.rounds}`);
    for (const [i, cell] of planCells(options).entries()) {
      if (!isMeasured(cell, round)) continue;
      const here = servers.filter(({ database }) => database.kind === cell.database);
      const first = (round + i) % Math.max(1, here.length);
      for (const server of [...here.slice(first), ...here.slice(0, first)])
        measurements.push(await measure(server, cell, round, scene));
    }
  }
  return measurements;
}
