import type { Health } from '../../ops/health.ts';
import { jsonReply } from '../reply.ts';
import type { Route } from '../router.ts';

/** `/health`: the process is alive. */
export function healthRoute(): Route {
  return () => jsonReply(200, { status: 'ok' });
}

/** `/ready`: the process should receive requests. */
export function readyRoute({ ready }: Pick<Health, 'ready'>): Route {
  return async () =>
    (await ready()) ? jsonReply(200, { status: 'ready' }) : jsonReply(503, { status: 'not ready' });
}
