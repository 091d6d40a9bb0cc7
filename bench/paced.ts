import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, run } from './build.ts';
import { prepareContenders } from './contenders.ts';
import { pinned } from './cores.ts';
import { cpuTime, residentMb } from './cpu.ts';
import type { Server } from './measure.ts';
import { readOptions } from './options.ts';
import type { PacedLoad, PacedOptions } from './paced-load.ts';
import { setStage } from './stage.ts';

/** Our server on MariaDB, with a load whose rate does not depend on the responses. */
export type Paced = {
  load(
    options: Pick<PacedOptions, 'seconds' | 'rate' | 'isRandom' | 'connections' | 'logins' | 'uniques'>,
  ): Promise<PacedLoad>;
  /** The resident memory in MB. */
  memory(): number;
  openFiles(): number;
  /** CPU time of the server so far, in microseconds. */
  cpu(): number;
};

const USERS = 10_000;
/** Milliseconds that WeChat takes. */
const DELAY_MS = 50;
const SERIALS_PER_LOAD = 10_000_000;

export async function withPaced(task: (paced: Paced) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weapp-login-bench-'));
  const closers: (() => Promise<void>)[] = [];
  try {
    const args = ['--only', 'ours', '--databases', 'mariadb', '--workers', '1'];
    const options = { ...readOptions(args), users: [USERS] };
    const { contenders } = await prepareContenders(options);
    const onStart = (stop: () => Promise<void>) => closers.push(stop);
    const { servers } = await setStage(contenders, {
      ...options,
      folder,
      onStart,
      onProgress: () => undefined,
    });
    const [server] = servers;
    if (!server) throw new Error('there is no server');
    await task(await pacedAgainst(server));
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pacedAgainst({ running: { port, pid }, tokens }: Server): Promise<Paced> {
  const program = await compile('paced-load.ts');
  let serial = 1;
  return {
    async load(more) {
      const options: PacedOptions = { port, users: USERS, delayMs: DELAY_MS, tokens, serial, ...more };
      serial += SERIALS_PER_LOAD;
      const [file, ...args] = pinned('load', [process.execPath, program, JSON.stringify(options)]);
      return JSON.parse(await run(file, args));
    },
    memory: () => residentMb(pid),
    openFiles: () => readdirSync(`/proc/${pid}/fd`).length,
    cpu: () => cpuTime(pid),
  };
}
