import { RequestError } from './errors.mts';
import { noop, wait } from './platform.mts';
import { createQueue } from './queue.mts';
import { createSession } from './session.mts';
import { bearer, createTransport, type Job } from './transport.mts';
import type { Client, ClientOptions, Session, Task } from './types.mts';

export {
  type ClientErrorCode,
  type ErrorAction,
  type ErrorCode,
  type GraphQLError,
  RequestError,
} from './errors.mts';
export type {
  Client,
  ClientOptions,
  Request,
  Session,
  Storage,
  Task,
  TypedDocument,
  UserInfo,
} from './types.mts';

/** wx.request allows 10 concurrent requests. One is left for the login that the others wait for. */
const MAX_CONCURRENT_REQUESTS = 9;
/** A query is retried if it has to wait for at most so long. */
const MAX_RETRY_SECONDS = 5;
/** A query, after comments. Any other document is treated as a mutation. */
const QUERY = /^(\s|#[^\n]*\n)*(query\b|\{)/;

/**
 * Creates a client that logs in by itself. Create one for the whole app: its requests share one login.
 * @throws {ReferenceError} if there is no `wx` and `request` or `storage` is missing
 */
export function createClient(options: ClientOptions): Client {
  const send = createTransport(options);
  const { acquire, ...account } = createSession(options, send);
  const enqueue = createQueue(MAX_CONCURRENT_REQUESTS);

  /** Retries once after UNAUTHENTICATED, with a new token; a query also once after RETRY_LATER. */
  const run = <Data,>(text: string, variables: object | undefined, job: Job): Promise<Data> => {
    const isQuery = QUERY.test(text);
    let rejected: Session | undefined;

    const attempt = async (): Promise<Data> => {
      const session = await acquire(rejected);
      if (job.aborted) throw job.aborted;
      return send<Data>(text, bearer(session), variables, job).catch((error) => {
        const changedData = !isQuery && Object.values(error.data || {}).some((value) => value !== null);
        if (rejected || error.code !== 'UNAUTHENTICATED' || changedData) throw error;
        rejected = session;
        return attempt();
      });
    };

    return enqueue(attempt).catch((error) => {
      const { action, retryAfter = 1 } = error;
      if (!isQuery || action !== 'RETRY_LATER' || retryAfter > MAX_RETRY_SECONDS) throw error;
      return wait(retryAfter).then(() => enqueue(attempt));
    });
  };

  return {
    request<Result>(document: { toString(): string }, variables?: object): Task<Result> {
      const job: Job = {};
      let cancel: (reason: RequestError) => void = noop;
      const result = new Promise<Result>((resolve, reject) => {
        cancel = reject;
        run<Result>(String(document), variables, job).then(resolve, reject);
      });
      return Object.assign(result, {
        abort() {
          const { task = {} } = job;
          job.aborted = new RequestError('aborted', { code: 'ABORTED' });
          cancel(job.aborted);
          if (task.abort) task.abort();
        },
      });
    },
    ...account,
  };
}
