import { errorBody } from '../errors/client-error.ts';
import { MAX_BODY_BYTES } from './body.ts';
import { errorReply, JSON_TYPE, type Reply } from './reply.ts';

export function tooLargeReply(): Reply {
  const message = `The request body is larger than ${MAX_BODY_BYTES / 1024} KB.`;
  return errorReply(413, 'REQUEST_ENTITY_TOO_LARGE', message);
}

/** Clients get different times, so that not all return at once. */
const OVERLOADED: readonly [Reply, ...Reply[]] = [overloaded(1), overloaded(2), overloaded(3)];

function overloaded(retryAfter: number): Reply {
  return {
    status: 503,
    headers: { 'content-type': JSON_TYPE, 'retry-after': String(retryAfter) },
    body: errorBody(
      'SERVICE_UNAVAILABLE',
      `The server is overloaded. Retry in ${retryAfter} seconds; a code in this request was not used.`,
      { retryAfter },
    ),
  };
}

/** The response to a request that was not admitted. */
export function overloadedReply(): Reply {
  const [first, ...others] = OVERLOADED;
  return others[Math.floor(Math.random() * OVERLOADED.length)] ?? first;
}
