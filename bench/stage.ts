import { join } from 'node:path';
import { compile, PROJECT, run } from './build.ts';
import { type Contender, PRODUCTION } from './contenders.ts';
import { type DatabaseServer, startDatabase } from './database.ts';
import { launch, post, type Running } from './launch.ts';
import { ME_BODY } from './load.ts';
import type { Server } from './measure.ts';
import type { Options } from './options.ts';
import { createSigner, type Signer, tokenOf, writeTokens } from './tokens.ts';
import { verify } from './verify.ts';

/** All that runs during the measurements. */
export type Stage = { servers: Server[]; wechatPid: number };

export type StageOptions = Pick<Options, 'databases' | 'users' | 'operations'> & {
  /** For logs and tokens. */
  folder: string;
  /** Is called with what stops a process, as soon as it runs. */
  onStart(stop: () => Promise<void>): void;
  onProgress(text: string): void;
};

/** Starts WeChat, the databases and the servers. Each server has a database of its own, and is checked. */
export async function setStage(contenders: readonly Contender[], options: StageOptions): Promise<Stage> {
  const { databases, users, operations, folder, onStart, onProgress } = options;
  const signer = await createSigner();
  for (const count of users) await writeTokens(signer, count, tokensFile(folder, count));
  const wechat = await startWeChat(folder);
  onStart(wechat.stop);
  const wechatUrl = `http://127.0.0.1:${wechat.port}`;
  const servers: Server[] = [];
  for (const kind of databases) {
    onProgress(`starting ${kind}`);
    const database = await startDatabase(kind, Math.max(...users));
    onStart(database.stop);
    for (const contender of contenders.filter(({ databases: kinds }) => kinds.includes(kind)))
      for (const count of users) {
        const name = count === users[0] ? contender.name : `${contender.name}, ${count} users`;
        onProgress(`starting ${name}`);
        const about = { ...contender, name, users: count, tokens: tokensFile(folder, count) };
        servers.push(await startServer(about, database, { signer, operations, folder, wechatUrl, onStart }));
      }
  }
  return { servers, wechatPid: wechat.pid };
}

function tokensFile(folder: string, users: number): string {
  return join(folder, `tokens-${users}`);
}

async function startWeChat(folder: string): Promise<Running> {
  const command = [process.execPath, await compile('wechat.ts')];
  const log = join(folder, 'wechat.log');
  return launch({ name: 'wechat', command, cwd: PROJECT, env: {}, role: 'load', log }, (port) =>
    post(port, '').then(
      () => true,
      () => false,
    ),
  );
}

type ServerOptions = { signer: Signer; wechatUrl: string } & Pick<
  StageOptions,
  'operations' | 'folder' | 'onStart'
>;

/** Creates and fills the database of a server, starts it and checks what it responds. */
async function startServer(
  {
    name,
    cwd,
    command,
    env,
    role,
    migrate,
    users,
    tokens,
    isMainOnly = false,
  }: Contender & { users: number; tokens: string },
  database: DatabaseServer,
  { signer, operations, folder, wechatUrl, onStart }: ServerOptions,
): Promise<Server> {
  const databaseName = `bench_${name.replace(/\W+/g, '_')}`;
  const url = await database.create(databaseName);
  await createTables(migrate, cwd, url);
  await database.fill(databaseName, users);
  const token = await tokenOf(signer, 0);
  const log = join(folder, `${databaseName}-${database.kind}.log`);
  const running = await launch(
    { name, command, cwd, role, log, env: { ...env, DATABASE_URL: url, WECHAT_API_URL: wechatUrl } },
    (port) =>
      post(port, ME_BODY, token).then(
        ({ status }) => status === 200,
        () => false,
      ),
  );
  onStart(running.stop);
  await verify(running.port, signer, { users, operations }).catch((cause: unknown) => {
    throw new Error(`${name} on ${database.kind} does not respond as it must`, { cause });
  });
  return { name, running, database, users, tokens, isMainOnly };
}

async function createTables(command: readonly string[], folder: string, url: string): Promise<void> {
  const env = Object.entries({ ...PRODUCTION, DATABASE_URL: url }).map(([key, value]) => `${key}=${value}`);
  await run('env', [...env, ...command], folder);
}
