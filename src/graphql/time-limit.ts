import type { GraphQLError } from 'graphql';
import { withDeadline } from '../common/deadline.ts';
import { clientError, errorBody } from '../errors/client-error.ts';
import { type GraphQLExecutor, type HttpReply, JSON_TYPE } from './lane.ts';

const MESSAGE = 'The request was not finished in time. Retry later.';

/** For code of modules: the core has deadlines for everything that it waits for. */
export function timeLimitError(): GraphQLError {
  return clientError('SERVICE_UNAVAILABLE', MESSAGE);
}

/** Responds with status 503 after some time. What the request waits for is not cancelled. */
export function limitTime(execute: GraphQLExecutor, ms: number): GraphQLExecutor {
  return async (...request) => {
    let late: GraphQLError | undefined;
    const timeoutError = () => {
      late = timeLimitError();
      return late;
    };
    try {
      return await withDeadline(ms, execute(...request), timeoutError);
    } catch (error) {
      if (error === late) return timeLimitReply();
      throw error;
    }
  };
}

function timeLimitReply(): HttpReply {
  return {
    status: 503,
    headers: { 'content-type': JSON_TYPE },
    body: errorBody('SERVICE_UNAVAILABLE', MESSAGE),
  };
}
