import { FITS } from './costs.ts';
import { MEASURED, MEASURED_RATES } from './inputs.ts';
import { simulateConnections, simulateRates } from './load.ts';
import { number, percent, type Table, text } from './text.ts';
import { QUEUES, type Queue, simulatedWait, theoreticalWait } from './theory.ts';

/** As the bench is: one core for the database, no network, no wait for the disk, no Redis. */
const BENCH = { databaseCores: 1, roundTripMs: 0.05, commitMs: 0, redisSlowdown: null };
const BENCH_MS = 5000;
const RATE_SECONDS = 5;
const WECHAT_MS = 50;

/** The largest difference from theory that is accepted. */
export const TOLERANCE = 0.05;

export function theoryRows(): { queue: Queue; theory: number; simulated: number }[] {
  return QUEUES.map((queue) => ({
    queue,
    theory: theoreticalWait(queue),
    simulated: simulatedWait(queue),
  }));
}

export function theoryTable(): Table {
  return {
    title: text(
      'Mean wait in a queue, in service times: theory (Pollaczek–Khinchine, Erlang C) and simulation',
      '队列中的平均等待，以服务时间为单位：理论值（Pollaczek–Khinchine、Erlang C）与模拟值',
    ),
    header: [
      text('queue', '队列'),
      text('utilization', '利用率'),
      text('theory', '理论'),
      text('simulated', '模拟'),
      text('difference', '差异'),
    ],
    rows: theoryRows().map(({ queue: { service, servers, utilization }, theory, simulated }) => [
      `\`M/${service}/${servers}\``,
      percent(utilization),
      theory.toFixed(3),
      simulated.toFixed(3),
      `${(100 * (simulated / theory - 1)).toFixed(1)} %`,
    ]),
  };
}

export function benchTable(): Table {
  return {
    title: text(
      'Requests a second of one process under the load of docs/performance.md, which waits for responses: measured and simulated',
      '在 docs/performance.md 的负载（等待响应后再发送）下，一个进程每秒的请求数：实测与模拟',
    ),
    header: [
      text('load', '负载'),
      text('measured', '实测'),
      text('simulated', '模拟'),
      text('statements, measured', '语句数，实测'),
      text('statements, simulated', '语句数，模拟'),
    ],
    rows: MEASURED.map(({ wechatMs, connections, requestsPerSecond, statements }) => {
      const drawWeChatMs = () => wechatMs ?? 0;
      const options = { ...BENCH, processes: 1, drawWeChatMs };
      const kind = wechatMs === null ? 'me' : 'login';
      const result = simulateConnections(kind, connections, options, BENCH_MS);
      const wait = text(`, WeChat after ${wechatMs} ms`, `，微信 ${wechatMs} 毫秒后响应`);
      const name = (language: 'en' | 'zh') =>
        `\`${kind}\`, ${connections} ${language === 'en' ? 'connections' : '个连接'}${
          wechatMs === null || typeof wait === 'string' ? '' : wait[language]
        }`;
      return [
        text(name('en'), name('zh')),
        number(requestsPerSecond),
        number(result.requestsPerSecond),
        statements.toFixed(2),
        result.statementsPerRequest.toFixed(2),
      ];
    }),
  };
}

export function ratesTable(): Table {
  return {
    title: text(
      'CPU of a request of one process at a rate that does not depend on the responses: measured and simulated',
      '请求速率与响应无关时，一个进程每个请求的 CPU：实测与模拟',
    ),
    header: [
      text('request', '请求'),
      text('rate per second', '每秒请求数'),
      text('measured µs', '实测微秒'),
      text('simulated µs', '模拟微秒'),
    ],
    rows: MEASURED_RATES.map(({ kind, rate, cpuUs }) => {
      const rates = { me: 0, login: 0, [kind]: rate };
      const options = { ...BENCH, drawWeChatMs: () => WECHAT_MS };
      const { coreShare, requestsPerSecond } = simulateRates(rates, 1, RATE_SECONDS, options);
      return [`\`${kind}\``, number(rate), number(cpuUs), number((1e6 * coreShare) / requestsPerSecond)];
    }),
  };
}

export function costTable(): Table {
  const row = (name: string, pick: 'server' | 'database') =>
    (['me', 'login'] as const).map((kind) => [
      text(`\`${kind}\`, ${name}`, `\`${kind}\`，${pick === 'server' ? '服务' : '数据库'}`),
      number(FITS[kind][pick].request),
      number(FITS[kind][pick].statement),
    ]);
  return {
    title: text(
      'CPU in microseconds, fitted to docs/performance.md',
      'CPU 微秒数，由 docs/performance.md 拟合',
    ),
    header: [text('of', '对象'), text('a request', '每个请求'), text('a statement', '每条语句')],
    rows: [...row('server', 'server'), ...row('database', 'database')],
  };
}
