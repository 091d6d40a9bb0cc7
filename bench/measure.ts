import { cpuTime, residentMb } from './cpu.ts';
import type { DatabaseServer } from './database.ts';
import type { Running } from './launch.ts';
import { type Load, load } from './load.ts';
import type { Cell } from './plan.ts';

/** A started server with its database: its users, and a file of their tokens. */
export type Server = {
  name: string;
  running: Running;
  database: DatabaseServer;
  users: number;
  tokens: string;
  /** Whether it is measured in the quoted cells only. */
  isMainOnly: boolean;
};

/** One server, one cell, one round. */
export type Measurement = {
  server: string;
  cell: Cell;
  round: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Per request, of the server process. */
  cpuMicroseconds: number;
  statementsPerRequest: number;
  residentMb: number;
  /** CPU time as a share of one core: near 1 the server is what limits. */
  serverShare: number;
  databaseShare: number;
  wechatShare: number;
  loadShare: number;
  /** Why the figures do not count. */
  failure: string | undefined;
};

export async function measure(
  { name, running, database, users, tokens }: Server,
  cell: Cell,
  { round, seconds, wechatPid }: { round: number; seconds: number; wechatPid: number },
): Promise<Measurement> {
  const { pid, port } = running;
  const read = async () => ({
    statements: await database.statements(),
    server: cpuTime(pid),
    database: database.pid === undefined ? 0 : cpuTime(database.pid),
    wechat: cpuTime(wechatPid),
  });
  const before = await read();
  const result = await load({ ...cell, port, seconds, tokens, users });
  const after = await read();
  running.clearLog();
  const { requests, microseconds, p50, p99 } = result;
  const share = (key: 'server' | 'database' | 'wechat') => (after[key] - before[key]) / microseconds;
  return {
    server: name,
    cell,
    round,
    requestsPerSecond: requests / (microseconds / 1e6),
    p50Ms: p50 / 1000,
    p99Ms: p99 / 1000,
    cpuMicroseconds: (after.server - before.server) / requests,
    // The second reading counts itself.
    statementsPerRequest: (after.statements - before.statements - 1) / requests,
    residentMb: residentMb(pid),
    serverShare: share('server'),
    databaseShare: share('database'),
    wechatShare: share('wechat'),
    loadShare: (result.cpuSeconds * 1e6) / microseconds,
    failure: failureOf(result),
  };
}

function failureOf({ requests, failures, socketErrors, example }: Load): string | undefined {
  if (failures > 0) return `${failures} of ${requests} responses are failures: ${example}`;
  if (socketErrors > 0) return `${socketErrors} socket errors`;
  return requests === 0 ? 'no response' : undefined;
}
