import { z } from 'zod';
import type { Clock } from '../common/clock.ts';
import { inSpan } from '../common/tracing.ts';
import { createAccessTokens } from './access-token.ts';
import type { CircuitLoad } from './circuit.ts';
import { type Endpoint, isStaleTokenErrcode, type WeChatErrorCode } from './errcodes.ts';
import {
  accessTokenPayload,
  phonePayload,
  sessionPayload,
  statusPayload,
  type WeChatSession,
} from './payloads.ts';
import type { WeChatPhone } from './phone-info.ts';
import { sessionKeyProof } from './signature.ts';
import { createTransport, type TransportOptions, type WeChatRequest } from './transport.ts';
import { errcodeError, unavailableError, WeChatError } from './wechat-error.ts';

/** A mini program, with its AppID and AppSecret from mp.weixin.qq.com. */
export type WeChatApp = { appId: string; secret: string };

/** A user, and the session_key that we hold of them. */
export type SessionHolder = { openId: string; sessionKey: string };

/** The server API of WeChat. Methods reject with WeChatError only; each call has its own deadline. */
export type WeChat = WeChatCalls & {
  /** The same calls, with the traceparent header of the request that they are for. */
  tracedBy(traceparent: string): WeChatCalls;
  /** What is in progress now. */
  load(): CircuitLoad;
  close(): Promise<void>;
};

export type WeChatCalls = {
  /**
   * Exchanges a wx.login code for openid and session_key. The code is sent once: treat it as spent whatever happens.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session
   * @param code valid for 5 minutes, once, in one mini program
   */
  code2Session(app: WeChatApp, code: string): Promise<WeChatSession>;
  /**
   * Exchanges a getPhoneNumber code for the phone number. WeChat charged for the code when the phone received it.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
   * @param openId WeChat checks that the code belongs to this user
   */
  phoneNumber(app: WeChatApp, openId: string, code: string): Promise<WeChatPhone>;
  /**
   * Whether the session_key is that of the user's last wx.login.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey
   */
  checkSession(app: WeChatApp, holder: SessionHolder): Promise<boolean>;
  /**
   * Invalidates the session_key and returns a new one.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_resetusersessionkey
   */
  resetSession(app: WeChatApp, holder: SessionHolder): Promise<WeChatSession>;
};

export type WeChatOptions = TransportOptions & {
  now?: Clock;
  /** Called when a call has ended. */
  onCall?: (call: FinishedCall) => void;
};

export type FinishedCall = {
  endpoint: Endpoint;
  outcome: 'OK' | WeChatErrorCode;
  errcode: number | undefined;
  /** With the time in the queue. */
  durationMs: number;
};

export function createWeChat({
  now = Date.now,
  onCall = () => undefined,
  ...options
}: WeChatOptions): WeChat {
  const transport = createTransport(options);

  async function call<T>(endpoint: Endpoint, schema: z.ZodType<T>, request: WeChatRequest): Promise<T> {
    const startedAt = performance.now();
    const finish = (outcome: FinishedCall['outcome'], errcode?: number) =>
      onCall({ endpoint, outcome, errcode, durationMs: performance.now() - startedAt });
    try {
      const payload = await inSpan(`WeChat ${endpoint}`, 'CLIENT', {}, () =>
        exchange(endpoint, schema, request),
      );
      finish('OK');
      return payload;
    } catch (error) {
      if (error instanceof WeChatError) finish(error.code, error.errcode);
      throw error;
    }
  }

  async function exchange<T>(endpoint: Endpoint, schema: z.ZodType<T>, request: WeChatRequest): Promise<T> {
    const json = await transport.send(endpoint, request);
    const status = statusPayload.safeParse(json);
    if (!status.success) throw unavailableError(endpoint, 'the errcode is not a number');
    const { errcode = 0, errmsg } = status.data;
    if (errcode !== 0) throw errcodeError(endpoint, errcode, errmsg ?? '');
    const payload = schema.safeParse(json);
    if (!payload.success) throw unavailableError(endpoint, 'the response lacks the expected fields');
    return payload.data;
  }

  const tokens = createAccessTokens<WeChatApp>(
    ({ appId, secret }, force) =>
      call('stable_token', accessTokenPayload, {
        path: '/cgi-bin/stable_token',
        query: {},
        body: { grant_type: 'client_credential', appid: appId, secret, force_refresh: force },
      }),
    now,
  );

  /** A rejected access_token is replaced once. WeChat checks it first, so no code is spent. */
  async function callWithToken<T>(
    app: WeChatApp,
    endpoint: Endpoint,
    schema: z.ZodType<T>,
    request: WeChatRequest,
  ): Promise<T> {
    const send = (token: string) =>
      call(endpoint, schema, { ...request, query: { ...request.query, access_token: token } });
    const token = await tokens.current(app);
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof WeChatError && isStaleTokenErrcode(error.errcode))) throw error;
      return send(await tokens.replace(app, token));
    }
  }

  const callsFor = (traceparent: string | null): WeChatCalls => ({
    code2Session: ({ appId, secret }, code) =>
      call('jscode2session', sessionPayload, {
        traceparent,
        path: '/sns/jscode2session',
        query: { appid: appId, secret, js_code: code, grant_type: 'authorization_code' },
      }),

    phoneNumber: (app, openId, code) =>
      callWithToken(app, 'getuserphonenumber', phonePayload, {
        traceparent,
        path: '/wxa/business/getuserphonenumber',
        query: {},
        body: { code, openid: openId },
      }),

    async checkSession(app, holder) {
      try {
        await callWithToken(app, 'checksession', z.object({}), {
          traceparent,
          path: '/wxa/checksession',
          query: proofQuery(holder),
        });
        return true;
      } catch (error) {
        if (error instanceof WeChatError && error.code === 'WECHAT_SESSION_STALE') return false;
        throw error;
      }
    },

    resetSession: (app, holder) =>
      callWithToken(app, 'resetusersessionkey', sessionPayload, {
        traceparent,
        path: '/wxa/resetusersessionkey',
        query: proofQuery(holder),
      }),
  });

  return {
    ...callsFor(null),
    tracedBy: callsFor,
    load: transport.load,
    close: transport.close,
  };
}

function proofQuery({ openId, sessionKey }: SessionHolder) {
  return { openid: openId, signature: sessionKeyProof(sessionKey), sig_method: 'hmac_sha256' };
}
