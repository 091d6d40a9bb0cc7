import { FOOTPRINT, MEASURED, PLACE } from './inputs.ts';
import type { Costs, RequestKind } from './server-process.ts';

/** Microseconds: of a request, and of each statement that it does not share. */
export type Line = { request: number; statement: number };

/** CPU of the server, and of the database. */
export type Fit = { server: Line; database: Line };

/** The measured CPU time is a line over the statements per request: the least squares. */
export function fitOf(kind: RequestKind): Fit {
  const rows = MEASURED.filter(({ wechatMs }) => (wechatMs === null) === (kind === 'me'));
  return {
    server: lineThrough(rows.map(({ statements, cpuUs }) => [statements, cpuUs])),
    database: lineThrough(
      rows.map(({ statements, databaseShare, requestsPerSecond }) => [
        statements,
        (1e6 * databaseShare) / requestsPerSecond,
      ]),
    ),
  };
}

function lineThrough(points: readonly (readonly [number, number])[]): Line {
  const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const over = points.reduce((total, [at, value]) => total + (at - x) * (value - y), 0);
  const statement = over / points.reduce((total, [at]) => total + (at - x) ** 2, 0);
  return { request: y - statement * x, statement };
}

export const FITS = { me: fitOf('me'), login: fitOf('login') };

/** With Redis: the bench measures without it. */
export const COSTS: Costs = {
  request: {
    me: FITS.me.server.request / 1000,
    login: (FITS.login.server.request + FOOTPRINT.redisServerUs) / 1000,
  },
  statement: { me: FITS.me.server.statement / 1000, login: FITS.login.server.statement / 1000 },
  rejection: PLACE.rejectionUs / 1000,
};

export const COSTS_WITHOUT_REDIS: Costs = {
  ...COSTS,
  request: { ...COSTS.request, login: FITS.login.server.request / 1000 },
};
