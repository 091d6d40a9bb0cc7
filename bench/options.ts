import { parseArgs } from 'node:util';
import type { DatabaseKind } from './database.ts';
import type { Operation } from './load.ts';

export const USAGE = `npm run bench -- [options]

--quick             under a minute: our server and raw, me and login, 64 connections, MariaDB
--only a,b          the servers: ours, notes, observed, counters, raw, go, documented, mercurius, baseline
--ops a,b           me, login, notes; notes needs --only notes,raw and MariaDB
--databases a,b     mariadb, libsql
--concurrency a,b   connections; default 1,64,256
--delays a,b        milliseconds that WeChat takes for a login; default 0,50
--rounds n          default 5; cells other than 64 connections and WeChat at once are measured in every second round
--seconds n         of one measurement; default 2, with --quick 1
--warmup n          seconds of load before the first round, per server and operation; default 2
--users a,b         rows in the table; default 10000
--workers a,b       values of WORKERS for our server; default 1,2, with --quick 1; 2 in the quoted tables only
--node-options=text for our server, such as --node-options=--max-semi-space-size=32
--baseline ref      an earlier version of this server; default 40e2bfd
--soak n            instead of rounds: n requests of each operation to each server (ours), and its memory
--write             writes the tables into docs/performance.md`;

export type Options = {
  servers: readonly string[] | undefined;
  operations: readonly Operation[];
  databases: readonly DatabaseKind[];
  concurrencies: readonly number[];
  delays: readonly number[];
  rounds: number;
  seconds: number;
  warmup: number;
  /** Rows in the table; with several, each server is measured with each. */
  users: readonly number[];
  workers: readonly number[];
  nodeOptions: readonly string[];
  baseline: string;
  soak: number;
  write: boolean;
  /** All servers, operations and databases: then the installed size is measured too. */
  isComplete: boolean;
  help: boolean;
};

const DEFAULTS = {
  ops: 'me,login',
  databases: 'mariadb,libsql',
  concurrency: '1,64,256',
  delays: '0,50',
  rounds: '5',
  seconds: '2',
  warmup: '2',
  workers: '1,2',
};

/** Each can be changed by the option of its own. */
const QUICK = {
  ...DEFAULTS,
  only: 'ours,raw',
  databases: 'mariadb',
  concurrency: '64',
  delays: '0',
  rounds: '4',
  seconds: '1',
  workers: '1',
};

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/** @throws {TypeError} for options that do not exist, and values that are no numbers */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: flag,
      write: flag,
      help: flag,
      only: text,
      ops: text,
      databases: text,
      concurrency: text,
      delays: text,
      rounds: text,
      seconds: text,
      warmup: text,
      users: { ...text, default: '10000' },
      workers: text,
      baseline: { ...text, default: '40e2bfd' },
      'node-options': text,
      soak: { ...text, default: '0' },
    },
  });
  const { ops, databases, concurrency, delays, rounds, seconds, warmup, workers, only } = {
    ...(values.quick ? QUICK : { ...DEFAULTS, only: undefined }),
    ...(values.soak === '0' ? {} : { workers: '1' }),
    ...values,
  };
  return {
    isComplete: !values.quick && only === undefined && values.soak === '0',
    servers: (only ?? (values.soak === '0' ? undefined : 'ours'))?.split(','),
    operations: choose(ops, ['me', 'login', 'notes']),
    databases: choose(databases, ['mariadb', 'libsql']),
    concurrencies: numbers(concurrency),
    delays: numbers(delays),
    rounds: number(rounds),
    seconds: number(seconds),
    warmup: number(warmup),
    users: numbers(values.users),
    workers: numbers(workers),
    nodeOptions: values['node-options']?.split(' ') ?? [],
    baseline: values.baseline,
    soak: number(values.soak),
    write: values.write,
    help: values.help,
  };
}

function choose<T extends string>(list: string, known: readonly T[]): T[] {
  return list.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (!found) throw new TypeError(`${name} is not one of ${known.join(', ')}`);
    return found;
  });
}

function numbers(list: string): number[] {
  return list.split(',').map(number);
}

function number(value: string): number {
  if (!/^\d+$/.test(value)) throw new TypeError(`${value} is not a whole number`);
  return Number(value);
}
