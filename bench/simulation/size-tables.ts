import { BURSTS, DEFAULTS, FOOTPRINT, GOAL, SCALES } from './inputs.ts';
import type { Rates } from './load.ts';
import { figuresOf, mostOf, processesFor, processesOfAutoscaler, times, trafficOf } from './sizing.ts';
import { number, percent, type Table, text } from './text.ts';

const MINUTE = 60;
const GB = 1e9;
const LARGEST = 100_000_000;

const USERS = text('users', '用户数');

export function loadTable(): Table {
  return {
    title: text('Requests that follow from the assumptions', '由假设推出的请求量'),
    header: [
      USERS,
      text('`login`/s, average', '平均每秒 `login`'),
      text('`me`/s, average', '平均每秒 `me`'),
      text('`login`/s, peak', '峰值每秒 `login`'),
      text('`me`/s, peak', '峰值每秒 `me`'),
      text('WeChat calls a minute, peak', '峰值每分钟调用微信次数'),
      text('WeChat calls a day', '每天调用微信次数'),
    ],
    rows: SCALES.map((users) => {
      const { average, peak } = trafficOf(users);
      const calls = [MINUTE * peak.login, 24 * 60 * MINUTE * average.login];
      return [users, average.login, average.me, peak.login, peak.me, ...calls].map((value) => number(value));
    }),
  };
}

export function coreTable(): Table {
  const mixes: [string, Rates][] = [
    ['`me`', { me: 1, login: 0 }],
    ['`login`', { me: 0, login: 1 }],
    ['`me` + `login`', trafficOf(1000).peak],
  ];
  return {
    title: text(
      'The most that one process serves within the goal, and what to plan with',
      '一个进程在目标之内的最大处理量，以及规划时采用的值',
    ),
    header: [
      text('requests', '请求'),
      text('`me`/s', '每秒 `me`'),
      text('`login`/s', '每秒 `login`'),
      text('with headroom: `me`/s', '留余量后：每秒 `me`'),
      text('with headroom: `login`/s', '留余量后：每秒 `login`'),
    ],
    rows: mixes.map(([name, mix]) => {
      const most = mostOf(mix);
      const planned = times(most, 1 / GOAL.headroom);
      return [name, ...[most.me, most.login, planned.me, planned.login].map((value) => number(value))];
    }),
  };
}

const SIZE_HEADER = [
  text('processes', '进程数'),
  text('p99 `me` ms', '`me` p99 毫秒'),
  text('p99 `login` ms', '`login` p99 毫秒'),
];
const LOAD_HEADER = [
  text('statements/s', '每秒语句数'),
  text('commits/s', '每秒提交数'),
  text('database cores busy', '数据库占用核数'),
];

export function processesTable(scales: readonly number[] = SCALES): Table {
  return {
    title: text(
      'Processes for the peak; the other figures are those with one process lost',
      '峰值所需进程数；其余数字是丢失一个进程之后的',
    ),
    header: [
      USERS,
      ...SIZE_HEADER,
      text('busy: each core', '每核占用'),
      ...LOAD_HEADER,
      text('connections', '连接数'),
      text('processes at 70 % CPU', 'CPU 70% 时的进程数'),
    ],
    rows: scales.map((users) => {
      const { peak } = trafficOf(users);
      const processes = processesFor(peak) ?? 0;
      const result = figuresOf(peak, processes - 1);
      return [
        number(users),
        number(processes),
        number(result.meP99),
        number(result.loginP99),
        percent(result.coreShare),
        number(result.statementsPerSecond),
        number(result.commitsPerSecond),
        number(result.databaseCores),
        number(processes * DEFAULTS.poolSize),
        number(Math.max(2, processesOfAutoscaler(peak) ?? 0)),
      ];
    }),
  };
}

export function storageTable(): Table {
  const gigabytes = (bytes: number) => number(bytes / GB, bytes < GB ? 2 : bytes < 20 * GB ? 1 : 0);
  const minutes = ([fast = 0, slow = 0]: readonly number[], users: number) =>
    [fast, slow].map((seconds) => number((seconds * users) / FOOTPRINT.users / MINUTE)).join(' – ');
  return {
    title: text(
      'The table `user`, Redis and backups; times are extrapolated in proportion to the rows',
      '`user` 表、Redis 与备份；时间按行数比例外推',
    ),
    header: [
      USERS,
      text('GB in the table', '表大小 GB'),
      text('dump GB', '导出 GB'),
      text('dump minutes', '导出分钟'),
      text('an index: minutes', '建一个索引：分钟'),
      text('a rebuild: minutes', '重建表：分钟'),
      text('Redis commands/s, peak', '峰值每秒 Redis 命令数'),
      text('Redis core', 'Redis 核占用'),
    ],
    rows: SCALES.map((users) => {
      const { peak } = trafficOf(users);
      const redis = [FOOTPRINT.redisUs, FOOTPRINT.redisUsAlone].map((us) => percent((us * peak.login) / 1e6));
      return [
        number(users),
        `${gigabytes(users * FOOTPRINT.rowBytes)} – ${gigabytes(users * FOOTPRINT.rowBytesGrown)}`,
        gigabytes(users * FOOTPRINT.dumpBytes),
        minutes(FOOTPRINT.dumpSeconds, users),
        minutes(FOOTPRINT.indexSeconds, users),
        minutes(FOOTPRINT.rebuildSeconds, users),
        number(peak.login * FOOTPRINT.redisCommands),
        redis.join(' – '),
      ];
    }),
  };
}

export function burstTable(): Table {
  return {
    title: text(
      `A day that is not like others, with ${number(LARGEST)} users: the peak is so many times the average`,
      `特殊日子，${number(LARGEST)} 用户：峰值为平均值的若干倍`,
    ),
    header: [
      text('peak', '峰值'),
      'Redis',
      text('`login`/s', '每秒 `login`'),
      ...SIZE_HEADER,
      ...LOAD_HEADER,
      text('Redis core', 'Redis 核占用'),
    ],
    rows: BURSTS.map(({ peakFactor, hasRedis }) => {
      const { peak } = trafficOf(LARGEST, peakFactor);
      const processes = processesFor(peak, hasRedis);
      const result = processes === null ? null : figuresOf(peak, processes - 1, hasRedis);
      const figures = result
        ? [result.meP99, result.loginP99, result.statementsPerSecond, result.commitsPerSecond]
        : [];
      const cells = figures.map((value) => number(value));
      return [
        `${peakFactor} ×`,
        hasRedis ? text('yes', '有') : text('no', '无'),
        number(peak.login),
        processes === null ? text('not reached', '无法达到') : number(processes),
        ...(result ? [...cells, number(result.databaseCores)] : ['–', '–', '–', '–', '–']),
        hasRedis ? percent((FOOTPRINT.redisUs * peak.login) / 1e6) : '–',
      ];
    }),
  };
}
