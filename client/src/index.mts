import { RequestError } from './errors.mts';
import { noop, wait } from './platform.mts';
import { createQueue } from './queue.mts';
import { createSession } from './session.mts';
import { bearer, createTransport } from './transport.mts';
import type { Client, ClientOptions, Request, Session, Task } from './types.mts';

export {
  type ClientErrorCode,
  type ErrorAction,
  type ErrorCode,
  type GraphQLError,
  type ModuleErrorCodes,
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

/** A query, after comments. Any other document is treated as a mutation. */
const QUERY = /^(\s|#[^\n]*\n)*(query\b|\{)/;
/** In JSON, after the name of a field. */
const NOT_NULL = /:(?!null)/;

/**
 * Creates a client that logs in by itself. Create one for the whole app: its requests share one login.
 * @throws {ReferenceError} if there is no `wx` and `request` or `storage` is missing
 */
export function createClient(options: ClientOptions): Client {
  const send = createTransport(options);
  const account = createSession(options, send);
  // wx.request allows 10 concurrent requests. One is left for the login that the others wait for.
  const enqueue = createQueue(9);

  return Object.assign(account, {
    /** Retries once after UNAUTHENTICATED, with a new token; a query also once after RETRY_LATER. */
    request<Result>(document: { toString(): string }, variables?: object): Task<Result> {
      const text = String(document);
      const isMutation = !QUERY.test(text);
      let task: ReturnType<Request> = {};
      let aborted: RequestError | undefined;
      let rejected: Session | undefined;

      const attempt = (): Promise<Result> =>
        account.ensureSession(rejected).then((session) => {
          if (aborted) throw aborted;
          const track = (sent: ReturnType<Request>) => {
            task = sent;
          };
          return send<Result>(text, bearer(session), variables, track).catch((error) => {
            if (
              rejected ||
              error.code !== 'UNAUTHENTICATED' ||
              // A mutation that returned data was executed.
              (isMutation && NOT_NULL.test(JSON.stringify(error.data)))
            )
              throw error;
            rejected = session;
            return attempt();
          });
        });

      let abort: () => void = noop;
      const result = new Promise<Result>((resolve, reject) => {
        abort = () => {
          aborted = new RequestError('aborted', { code: 'ABORTED' });
          reject(aborted);
          if (task.abort) task.abort();
        };
        enqueue(attempt)
          .catch((error) => {
            // Waits 5 seconds at most.
            if (isMutation || error.action !== 'RETRY_LATER' || error.retryAfter > 5) throw error;
            return wait(error.retryAfter).then(() => enqueue(attempt));
          })
          .then(resolve, reject);
      });
      return Object.assign(result, { abort });
    },
  });
}
