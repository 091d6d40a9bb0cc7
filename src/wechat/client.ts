import { type $Fetch, createFetch } from 'ofetch';
import { z } from 'zod';
import { refusalOf, type WeChatErrorCode } from './errcodes.ts';

/** A mini program, as mp.weixin.qq.com names it. */
export type WeChatApp = { appId: string; secret: string };

export type WeChatSession = { openId: string; sessionKey: string; unionId?: string | undefined };

export type WeChat = {
  /**
   * Exchanges a code of wx.login for who the person is. The code is sent to WeChat once: whatever comes of it,
   * count it as spent.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session
   * @param code lives 5 minutes, works once, belongs to one app
   * @throws {WeChatError}
   */
  code2Session(app: WeChatApp, code: string): Promise<WeChatSession>;
};

/** A refusal or a failure of WeChat. It holds no URL, no code, no secret and no cause, so it can be logged whole. */
export class WeChatError extends Error {
  override readonly name = 'WeChatError';
  readonly code: WeChatErrorCode;
  /** The API that was called. */
  readonly endpoint: string;
  /** WeChat's own number, where it answered with one. */
  readonly errcode: number | undefined;
  /** WeChat's name of the request, to give to its support. */
  readonly rid: string | undefined;
  /** Seconds until another try makes sense. */
  readonly retryAfter: number | undefined;
  /** What the operator should do. */
  readonly remedy: string | undefined;

  constructor(
    code: WeChatErrorCode,
    endpoint: string,
    reason: string,
    detail: {
      errcode?: number;
      rid?: string | undefined;
      retryAfter?: number | undefined;
      remedy?: string | undefined;
    } = {},
  ) {
    super(`${endpoint}: ${reason}`);
    this.code = code;
    this.endpoint = endpoint;
    this.errcode = detail.errcode;
    this.rid = detail.rid;
    this.retryAfter = detail.retryAfter;
    this.remedy = detail.remedy;
  }
}

export type WeChatOptions = {
  apiUrl: string;
  /** Milliseconds for one call, from the connection to the last byte of the body. */
  timeoutMs: number;
  fetch?: $Fetch;
};

/** Nothing that WeChat answers here is longer than a few hundred bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** `errcode` is a number, in one official sample a string, and usually absent on success. */
const refusal = z.object({
  errcode: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^-?\d{1,9}$/)
        .transform(Number),
    ])
    .optional(),
  errmsg: z.string().optional(),
});

/** openids are compared byte for byte in the database, and MySQL ignores trailing spaces: so no other bytes. */
const session = z.object({
  openid: z.string().regex(/^[\w-]{16,64}$/),
  session_key: z.string().regex(/^[A-Za-z0-9+/]{22}==$/),
  unionid: z
    .string()
    .regex(/^[\w-]{16,64}$/)
    .optional(),
});

export const createWeChat = ({ apiUrl, timeoutMs, fetch = createFetch() }: WeChatOptions): WeChat => ({
  async code2Session({ appId, secret }, code) {
    const endpoint = 'jscode2session';
    const answer = await call(
      endpoint,
      (signal) =>
        fetch.raw('/sns/jscode2session', {
          baseURL: apiUrl,
          query: { appid: appId, secret, js_code: code, grant_type: 'authorization_code' },
          retry: 0,
          redirect: 'error',
          responseType: 'stream',
          ignoreResponseError: true,
          signal,
        }),
      timeoutMs,
    );
    const parsed = session.safeParse(answer);
    if (!parsed.success) throw unreadable(endpoint, 'the answer has no openid and session_key');
    const { openid, session_key, unionid } = parsed.data;
    return { openId: openid, sessionKey: session_key, unionId: unionid };
  },
});

type Answer = { status: number; _data?: ReadableStream<Uint8Array> | undefined };

/** Sends one request and reads its JSON, whatever its content type; a non-zero errcode is thrown. */
const call = async (
  endpoint: string,
  send: (signal: AbortSignal) => Promise<Answer>,
  timeoutMs: number,
): Promise<unknown> => {
  const signal = AbortSignal.timeout(timeoutMs);
  const { status, text } = await exchange(endpoint, () => send(signal), signal);
  if (status !== 200) throw unreadable(endpoint, `HTTP status ${status}`);
  const json = parseJson(text);
  const answer = refusal.safeParse(json);
  if (!answer.success) throw unreadable(endpoint, 'the answer is not the JSON of WeChat');
  const { errcode = 0, errmsg = '' } = answer.data;
  if (errcode !== 0) throw refused(endpoint, errcode, errmsg);
  return json;
};

/** The failures of ofetch hold the whole URL with AppSecret and code: only their kind leaves this function. */
const exchange = async (endpoint: string, send: () => Promise<Answer>, signal: AbortSignal) => {
  try {
    const response = await send();
    return { status: response.status, text: await readText(response._data) };
  } catch (error) {
    if (error instanceof WeChatError) throw error;
    const reason = signal.aborted ? 'no answer in time' : `no answer (${networkCode(error)})`;
    throw new WeChatError('WECHAT_UNAVAILABLE', endpoint, reason);
  }
};

const readText = async (body: ReadableStream<Uint8Array> | undefined): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new RangeError('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const refused = (endpoint: string, errcode: number, errmsg: string): WeChatError => {
  const { code, retryAfter, remedy } = refusalOf(errcode);
  const rid = /rid: ?([\w-]{1,64})/.exec(errmsg)?.[1] ?? /req_id: ?([\w-]{1,64})/.exec(errmsg)?.[1];
  return new WeChatError(code, endpoint, `errcode ${errcode}`, { errcode, rid, retryAfter, remedy });
};

const unreadable = (endpoint: string, reason: string) =>
  new WeChatError('WECHAT_UNAVAILABLE', endpoint, reason);

/** ofetch wraps undici, which wraps the socket's error. */
const networkCode = (error: unknown, depth = 0): string => {
  if (!(error instanceof Error) || depth > 3) return 'UNKNOWN';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : networkCode(error.cause, depth + 1);
};
