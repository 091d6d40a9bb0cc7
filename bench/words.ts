import type { Cell } from './plan.ts';

/** The words of the tables, in the languages of docs/performance.md. */
export type Words = {
  page: string;
  readme: string;
  server: string;
  requestsPerSecond: string;
  ratio: string;
  cpu: string;
  cpuRatio: string;
  statements: string;
  memory: string;
  cores: string;
  start: string;
  failed: string;
  installed(megabytes: string, packages: number): string;
  /** How many times as fast as the others a server is. */
  comparison(server: string): string;
  shortCell(cell: Cell): string;
  notMeasured(reasons: readonly string[]): string;
  conditions(cores: string, node: string, date: string): string;
  cell(cell: Cell, reference: string): string;
};

const DATABASES = { mariadb: 'MariaDB', libsql: 'libSQL' } as const;

export const ENGLISH: Words = {
  page: 'docs/performance.md',
  readme: 'README.md',
  server: 'server',
  requestsPerSecond: 'requests/s',
  ratio: 'ratio: median (min–max)',
  cpu: 'CPU µs',
  cpuRatio: 'CPU ratio',
  statements: 'statements',
  memory: 'RSS MB',
  cores: 'busy: server, database, WeChat, wrk',
  start: 'start ms',
  failed: 'failed',
  installed: (megabytes, packages) =>
    `Installed for production, with this server itself: ${megabytes} MB in ${packages} npm packages.`,
  comparison: (server) => `How many times as fast \`${server}\` is, with 64 connections: median (min–max)`,
  shortCell: ({ operation, database }) => `\`${operation}\`, ${DATABASES[database]}`,
  notMeasured: (reasons) => `Not measured: ${reasons.join('; ')}.`,
  conditions: (cores, node, date) => `${date}, Node ${node}, ${cores}.`,
  cell: ({ database, operation, concurrency, delayMs }, reference) =>
    `\`${operation}\` on ${DATABASES[database]}, ${concurrency} connections${
      operation !== 'login' ? '' : delayMs === 0 ? ', WeChat at once' : `, WeChat after ${delayMs} ms`
    }; ratios to \`${reference}\``,
};

export const CHINESE: Words = {
  page: 'docs/performance.zh-CN.md',
  readme: 'README.zh-CN.md',
  server: '服务',
  requestsPerSecond: '每秒请求数',
  ratio: '比值：中位数（最小–最大）',
  cpu: 'CPU 微秒',
  cpuRatio: 'CPU 比值',
  statements: '语句数',
  memory: '内存 MB',
  cores: '占用：服务、数据库、微信、wrk',
  start: '启动毫秒',
  failed: '失败',
  installed: (megabytes, packages) =>
    `生产环境安装体积（含本服务）：${megabytes} MB，${packages} 个 npm 包。`,
  comparison: (server) => `\`${server}\` 的速度是其他服务的多少倍（64 个连接）：中位数（最小–最大）`,
  shortCell: ({ operation, database }) => `\`${operation}\`，${DATABASES[database]}`,
  notMeasured: (reasons) => `未测量：${reasons.map((reason) => `\`${reason}\``).join('；')}。`,
  conditions: (cores, node, date) => `${date}，Node ${node}，\`${cores}\`。`,
  cell: ({ database, operation, concurrency, delayMs }, reference) =>
    `${DATABASES[database]} 上的 \`${operation}\`，${concurrency} 个连接${
      operation !== 'login' ? '' : delayMs === 0 ? '，微信立即响应' : `，微信 ${delayMs} 毫秒后响应`
    }；与 \`${reference}\` 之比`,
};
