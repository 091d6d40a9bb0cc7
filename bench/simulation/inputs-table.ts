import { DEFAULTS, FOOTPRINT, GOAL, MEASURED_ON, PLACE, USE } from './inputs.ts';
import { type Cell, number, percent, type Table, text } from './text.ts';

const ASSUMED = text('assumption', '假设');
const FOOTPRINT_COMMAND = '`bench/footprint.ts`';
const DEFAULT = text('default of the server', '服务的默认值');
const SOURCE = '`src/`';

export function inputsTable(): Table {
  const rows: [Cell, string, Cell][] = [
    [text('active on a day, of all users', '日活跃用户占比'), percent(USE.activeShare), ASSUMED],
    [text('opens a day of an active user', '活跃用户每天打开次数'), number(USE.opensPerDay), ASSUMED],
    [text('opens that log in', '打开时需要登录的比例'), percent(USE.loginShare), ASSUMED],
    [text('`me` for each open', '每次打开的 `me` 次数'), number(USE.requestsPerOpen), ASSUMED],
    [text('peak, times the average', '峰值为平均值的倍数'), number(USE.peakFactor), ASSUMED],
    [text('seconds in the app', '停留秒数'), number(USE.secondsInApp), ASSUMED],
    [text('a user tries again after, seconds', '用户再次尝试的间隔秒数'), number(USE.retrySeconds), ASSUMED],
    [text('a user gives up after, seconds', '用户放弃前的秒数'), number(USE.patienceSeconds), ASSUMED],
    [
      text('round trip to database and Redis, ms', '到数据库和 Redis 的往返毫秒数'),
      number(PLACE.roundTripMs),
      ASSUMED,
    ],
    [text('a commit on disk, ms', '提交落盘毫秒数'), number(PLACE.commitMs), ASSUMED],
    [text('cores of the database', '数据库核数'), number(PLACE.databaseCores), ASSUMED],
    [text('WeChat, median ms', '微信响应中位数毫秒'), number(PLACE.wechatMedianMs), ASSUMED],
    [text('WeChat, p99 ms', '微信响应 p99 毫秒'), number(PLACE.wechatP99Ms), ASSUMED],
    [text('CPU of a rejected request, µs', '被拒绝请求的 CPU 微秒'), number(PLACE.rejectionUs), ASSUMED],
    [text('goal: p99 of `me`, ms', '目标：`me` p99 毫秒'), number(GOAL.meP99Ms), ASSUMED],
    [
      text('goal: p99 of `login` without WeChat, ms', '目标：`login` p99 毫秒（不含微信）'),
      number(GOAL.loginP99Ms),
      ASSUMED,
    ],
    [text('headroom, times the peak', '余量，峰值的倍数'), number(GOAL.headroom), ASSUMED],
    [
      text('measurements of CPU', 'CPU 测量日期'),
      MEASURED_ON,
      text('[performance.md](performance.md)', '[performance.zh-CN.md](performance.zh-CN.md)'),
    ],
    [
      text('bytes of a user with a profile', '含资料的用户字节数'),
      number(FOOTPRINT.rowBytes),
      FOOTPRINT_COMMAND,
    ],
    [
      text('with unionid and phone number, added later', '后来又有 unionid 和手机号'),
      number(FOOTPRINT.rowBytesGrown),
      FOOTPRINT_COMMAND,
    ],
    [
      text('the same, after `ALTER TABLE user FORCE`', '同上，`ALTER TABLE user FORCE` 之后'),
      number(FOOTPRINT.rowBytesRebuilt),
      FOOTPRINT_COMMAND,
    ],
    [
      text('bytes of a user in a dump', '导出中每个用户的字节数'),
      number(FOOTPRINT.dumpBytes),
      FOOTPRINT_COMMAND,
    ],
    [
      text('Redis commands of a login', '每次登录的 Redis 命令数'),
      number(FOOTPRINT.redisCommands),
      FOOTPRINT_COMMAND,
    ],
    [
      text(
        'CPU of Redis for a login, µs: 50 at once, and alone',
        '每次登录的 Redis CPU 微秒：50 个并发、逐个',
      ),
      `${FOOTPRINT.redisUs}, ${FOOTPRINT.redisUsAlone}`,
      FOOTPRINT_COMMAND,
    ],
    [
      text('CPU of the server for Redis, µs', '服务使用 Redis 的 CPU 微秒'),
      number(FOOTPRINT.redisServerUs),
      FOOTPRINT_COMMAND,
    ],
    ['`poolSize`', number(DEFAULTS.poolSize), DEFAULT],
    ['`WECHAT_MAX_CALLS`', number(DEFAULTS.maxCalls), DEFAULT],
    ['`WECHAT_TIMEOUT_MS`', number(DEFAULTS.timeoutMs), DEFAULT],
    ['`MAX_REQUESTS_IN_FLIGHT`', number(DEFAULTS.maxInFlight), DEFAULT],
    ['`MAX_EVENT_LOOP_DELAY_MS`', number(DEFAULTS.maxLoopDelayMs), DEFAULT],
    [text('rows of a statement: reads, logins', '每条语句的行数：读取、登录'), '64, 16', SOURCE],
  ];
  return {
    title: text('What the figures follow from', '数字的来源'),
    header: [text('what', '内容'), text('value', '值'), text('source', '来源')],
    rows,
  };
}
