import { type Outage, simulateHerd } from './herd.ts';
import { DEFAULTS } from './inputs.ts';
import { number, percent, type Table, text } from './text.ts';

const USERS = 100_000_000;
const { maxCalls } = DEFAULTS;

const CASES: readonly { outage: Outage; processes: number; maxCalls: number }[] = [
  { outage: 'WECHAT', processes: 8, maxCalls },
  { outage: 'WECHAT', processes: 8, maxCalls: 4 * maxCalls },
  { outage: 'WECHAT', processes: 16, maxCalls: 4 * maxCalls },
  { outage: 'DATABASE', processes: 8, maxCalls },
  { outage: 'DATABASE', processes: 16, maxCalls },
  { outage: 'TOKENS', processes: 16, maxCalls: 4 * maxCalls },
];

const NAMES = {
  WECHAT: text('WeChat, 10 minutes', '微信故障 10 分钟'),
  DATABASE: text('database, 10 minutes', '数据库故障 10 分钟'),
  TOKENS: text('all tokens become invalid', '所有 token 同时失效'),
} as const;

export function outageTable(): Table {
  return {
    title: text(
      `After an outage at the peak of a day, with ${number(USERS)} users`,
      `高峰期故障之后，${number(USERS)} 用户`,
    ),
    header: [
      text('what', '情况'),
      text('processes', '进程数'),
      '`WECHAT_MAX_CALLS`',
      text('users who wait', '等待的用户数'),
      text('attempts/s, busiest', '最忙一秒的请求数'),
      text('logins/s, busiest', '最忙一秒的登录数'),
      text('attempts rejected', '被拒绝的请求'),
      text('logins that Redis did not count', 'Redis 未计数的登录'),
      text('p99 `me` ms', '`me` p99 毫秒'),
      text('gave up', '放弃'),
      text('seconds until 99 % are in', '99% 完成所需秒数'),
    ],
    rows: CASES.map((one) => {
      const result = simulateHerd({ users: USERS, ...one });
      return [
        NAMES[one.outage],
        number(one.processes),
        number(one.maxCalls),
        number(result.waiting),
        number(result.attemptsPerSecond),
        number(result.loginsPerSecond),
        percent(result.rejectedShare),
        percent(result.withoutRedisShare),
        number(result.meP99),
        percent(result.gaveUpShare),
        number(result.seconds),
      ];
    }),
  };
}
