import { type GraphQLError, RequestError } from './errors.mts';
import { DEFAULT_TIMEOUT_MS, noop, type Wx } from './platform.mts';
import type { ClientOptions, Request, Session } from './types.mts';

declare const wx: Wx;

/** What `abort` needs: the HTTP request in flight, and whether to send another. */
export type Job = { task?: ReturnType<Request> | undefined; aborted?: RequestError };

/**
 * Sends one HTTP request.
 * @throws {RequestError}
 */
export type Send = <Data>(
  text: string,
  headers: Record<string, string>,
  variables?: object,
  job?: Job,
) => Promise<Data>;

type GraphQLResponse<Data> = { data?: Data | null; errors?: readonly GraphQLError[] | null };

export function createTransport({
  url,
  request = wx.request,
  timeout = DEFAULT_TIMEOUT_MS,
  documentId = noop,
}: ClientOptions): Send {
  return <Data,>(
    text: string,
    headers: Record<string, string>,
    variables?: object,
    job: Job = {},
  ): Promise<Data> =>
    new Promise((resolve, reject) => {
      const id = documentId(text);
      const requestId = randomId();
      const fail = (message: string, extensions?: object, response?: object) =>
        reject(new RequestError(message, { ...extensions, requestId, ...response }));
      job.task =
        request({
          url,
          method: 'POST',
          timeout,
          data: JSON.stringify({ documentId: id, query: id ? undefined : text, variables }),
          header: { 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
          success({ statusCode, data: body }) {
            try {
              const { data, errors } = parseJson<GraphQLResponse<Data>>(body);
              // An invalid token decides what to do, whatever else is wrong.
              const error =
                errors &&
                (errors.find(({ extensions }) => extensions && extensions.code === 'UNAUTHENTICATED') ||
                  errors[0]);
              if (error) return fail(error.message, error.extensions, { errors, data });
              if (data) return resolve(data);
            } catch (_notGraphQL) {}
            fail(`HTTP ${statusCode}`, { code: 'BAD_ANSWER', action: 'RETRY_LATER' });
          },
          fail: ({ errMsg }) => fail(errMsg, { code: 'NETWORK', action: 'RETRY_LATER' }),
        }) || {};
      // Taro.request also returns a promise. Its rejection is reported by `fail`.
      Promise.resolve(job.task).catch(noop);
    });
}

/**
 * Parses JSON; an object was parsed already, as wx.request does by the content type.
 * @throws {SyntaxError}
 */
export function parseJson<Data>(body: unknown): Data {
  return JSON.parse(typeof body === 'string' ? body : JSON.stringify(body)) || {};
}

export function bearer(session: Session): Record<string, string> {
  return { authorization: `Bearer ${session.token}` };
}

/** About 100 random bits. As an idempotency key it needs no secrecy: it is valid with its code only. */
export function randomId(): string {
  return `${Math.random()}${Math.random()}`;
}
