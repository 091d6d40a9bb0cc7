import { type GraphQLError, RequestError } from './errors.mts';
import { callPlatform, DEFAULT_TIMEOUT_MS, noop, type Wx } from './platform.mts';
import type { ClientOptions, Request, Session } from './types.mts';

declare const wx: Wx;

/**
 * Sends one HTTP request.
 * @throws {RequestError}
 */
export type Send = <Data>(
  text: string,
  headers: Record<string, string>,
  variables?: object,
  track?: (task: ReturnType<Request>) => void,
) => Promise<Data>;

type Detail = { [name: string]: unknown; requestId?: string };
type Response = { statusCode: number; data: unknown };
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
    track: (task: ReturnType<Request>) => void = noop,
  ): Promise<Data> => {
    const id = documentId(text);
    const requestId = Math.random().toFixed(10).slice(2);
    const start = (success: (response: Response) => void, fail: (reason: unknown) => void) => {
      const task = request({
        url,
        method: 'POST',
        timeout,
        data: JSON.stringify({ documentId: id, query: id ? undefined : text, variables }),
        header: Object.assign({ 'content-type': 'application/json', 'x-request-id': requestId }, headers),
        success,
        fail,
      });
      track(task || {});
      // Taro.request also returns a promise. Its rejection is reported by `fail`.
      Promise.resolve(task).catch(noop);
    };
    return callPlatform('NETWORK', timeout, start, requestId).then(({ statusCode, data: body }) => {
      let message = `HTTP ${statusCode}`;
      let detail: Detail = { code: 'BAD_ANSWER', action: 'RETRY_LATER' };
      try {
        const { data, errors } = parseJson<GraphQLResponse<Data>>(body);
        // An invalid token decides what to do, whatever else is wrong.
        const error =
          errors &&
          (errors.find(({ extensions }) => extensions && extensions.code === 'UNAUTHENTICATED') || errors[0]);
        if (error) {
          message = error.message;
          detail = Object.assign({ errors, data }, error.extensions);
        } else if (data) return data;
      } catch (_notGraphQL) {}
      detail.requestId = requestId;
      throw new RequestError(message, detail);
    });
  };
}

/**
 * Parses JSON; an object was parsed already, as wx.request does by the content type.
 * @throws {SyntaxError}
 */
export function parseJson<Data>(body: unknown): Data {
  return (typeof body === 'string' ? JSON.parse(body) : body) || {};
}

export function bearer(session: Session): Record<string, string> {
  return { authorization: `Bearer ${session.token}` };
}
