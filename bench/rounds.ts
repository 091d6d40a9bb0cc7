import { residentMb } from './cpu.ts';
import { load } from './load.ts';
import { type Measurement, measure, type Server } from './measure.ts';
import type { Options } from './options.ts';
import { type Cell, isMain, isMeasured, MAIN_CONCURRENCY, planCells } from './plan.ts';
import type { Stage } from './stage.ts';

export async function warmUp({ servers }: Stage, { operations, warmup }: Options): Promise<void> {
  if (warmup === 0) return;
  for (const { running, tokens, users } of servers)
    for (const operation of operations) {
      const about = { operation, concurrency: MAIN_CONCURRENCY, delayMs: 0 };
      await load({ ...about, port: running.port, seconds: warmup, tokens, users });
    }
}

/** Each round measures all cells. In each cell another server begins. */
export async function measureRounds(
  { servers, wechatPid }: Stage,
  options: Options,
  onRound: (round: number) => void,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const { rounds, seconds } = options;
  for (let round = 0; round < rounds; round++) {
    onRound(round + 1);
    for (const [i, cell] of planCells(options).entries())
      if (isMeasured(cell, round))
        for (const server of rotate(serversIn(servers, cell), round + i))
          measurements.push(await measure(server, cell, { round, seconds, wechatPid }));
  }
  return measurements;
}

function serversIn(servers: readonly Server[], cell: Cell): Server[] {
  return servers.filter(
    ({ database, isMainOnly }) => database.kind === cell.database && (isMain(cell) || !isMainOnly),
  );
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const first = by % Math.max(1, list.length);
  return [...list.slice(first), ...list.slice(0, first)];
}

const SOAK_SECONDS = 5;
const SOAK_STEPS = 10;

export type SoakStep = { server: string; operation: string; requests: number; residentMb: number };

/** Sends a number of requests of each operation to each server, and notes its memory ten times on the way. */
export async function soak(
  { servers }: Stage,
  { operations, soak: wanted }: Options,
  onStep: (step: SoakStep) => void,
): Promise<void> {
  for (const { name, running, tokens, users } of servers)
    for (const operation of operations)
      for (let requests = 0, next = wanted / SOAK_STEPS; requests < wanted; ) {
        const about = { operation, concurrency: MAIN_CONCURRENCY, delayMs: 0, seconds: SOAK_SECONDS };
        const result = await load({ ...about, port: running.port, tokens, users });
        if (result.failures > 0) throw new Error(`${name} failed: ${result.example}`);
        requests += result.requests;
        running.clearLog();
        if (requests < next) continue;
        onStep({ server: name, operation, requests, residentMb: residentMb(running.pid) });
        next = requests + wanted / SOAK_STEPS;
      }
}
