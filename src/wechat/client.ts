import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { createAccessTokens } from './access-token.ts';
import { phoneInfo, type WeChatPhone } from './encrypted-data.ts';
import { type Endpoint, isStaleToken } from './errcodes.ts';
import { createTransport, type TransportOptions, type UpstreamRequest } from './transport.ts';
import { refused, unavailable, WeChatError } from './wechat-error.ts';

/** A mini program, as mp.weixin.qq.com names it. */
export type WeChatApp = { appId: string; secret: string };

export type WeChatSession = { openId: string; sessionKey: string; unionId?: string | undefined };

/** Who is meant, with the session_key that is held of them. */
export type SessionHolder = { openId: string; sessionKey: string };

/** The server API of WeChat. Methods reject with WeChatError only; each call that they make has its own deadline. */
export type WeChat = {
  /**
   * Exchanges a code of wx.login for who the person is. The code is sent to WeChat once: whatever comes of it,
   * count it as spent.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session
   * @param code lives 5 minutes, works once, belongs to one app
   */
  code2Session(app: WeChatApp, code: string): Promise<WeChatSession>;
  /**
   * Exchanges a code of the getPhoneNumber button for the number. Each success is paid for.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
   * @param openId whose code it must be: WeChat checks it
   */
  phoneNumber(app: WeChatApp, openId: string, code: string): Promise<WeChatPhone>;
  /**
   * Whether the session_key is the one of the person's last wx.login.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey
   */
  checkSession(app: WeChatApp, holder: SessionHolder): Promise<boolean>;
  /**
   * Makes the session_key worthless and answers the next one.
   * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_resetusersessionkey
   */
  resetSession(app: WeChatApp, holder: SessionHolder): Promise<WeChatSession>;
};

export type WeChatOptions = TransportOptions & {
  /** Milliseconds since 1970. */
  now?: () => number;
};

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
const identifier = z.string().regex(/^[\w-]{16,64}$/);

const session = z
  .object({
    openid: identifier,
    session_key: z.string().regex(/^[A-Za-z0-9+/]{22}==$/),
    unionid: z.union([identifier, z.literal('')]).nullish(),
  })
  .transform(({ openid, session_key, unionid }) => ({
    openId: openid,
    sessionKey: session_key,
    unionId: unionid || undefined,
  }));

const issued = z
  .object({ access_token: z.string().regex(/^[\w.-]{1,1024}$/), expires_in: z.int().min(1).max(86_400) })
  .transform(({ access_token, expires_in }) => ({ token: access_token, expiresInSeconds: expires_in }));

const phone = z.object({ phone_info: phoneInfo }).transform(({ phone_info }) => phone_info);

export function createWeChat({ now = Date.now, ...options }: WeChatOptions): WeChat {
  const transport = createTransport(options);

  const call = async <T>(endpoint: Endpoint, shape: z.ZodType<T>, request: UpstreamRequest): Promise<T> => {
    const json = await transport.send(endpoint, request);
    const answer = refusal.safeParse(json);
    if (!answer.success) throw unavailable(endpoint, 'the answer is not one of WeChat');
    const { errcode = 0, errmsg = '' } = answer.data;
    if (errcode !== 0) throw refused(endpoint, errcode, errmsg);
    const parsed = shape.safeParse(json);
    if (!parsed.success) throw unavailable(endpoint, 'the answer has not what was asked for');
    return parsed.data;
  };

  const tokens = createAccessTokens<WeChatApp>(
    ({ appId, secret }, force) =>
      call('stable_token', issued, {
        path: '/cgi-bin/stable_token',
        query: {},
        body: { grant_type: 'client_credential', appid: appId, secret, force_refresh: force },
      }),
    now,
  );

  /** A refused access_token is replaced once: WeChat looks at it before anything else, so no code is spent. */
  const callWithToken = async <T>(
    app: WeChatApp,
    endpoint: Endpoint,
    shape: z.ZodType<T>,
    request: UpstreamRequest,
  ): Promise<T> => {
    const send = (token: string) =>
      call(endpoint, shape, { ...request, query: { ...request.query, access_token: token } });
    const token = await tokens.current(app);
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof WeChatError && isStaleToken(error.errcode))) throw error;
      return send(await tokens.replacing(app, token));
    }
  };

  return {
    code2Session: ({ appId, secret }, code) =>
      call('jscode2session', session, {
        path: '/sns/jscode2session',
        query: { appid: appId, secret, js_code: code, grant_type: 'authorization_code' },
      }),

    phoneNumber: (app, openId, code) =>
      callWithToken(app, 'getuserphonenumber', phone, {
        path: '/wxa/business/getuserphonenumber',
        query: {},
        body: { code, openid: openId },
      }),

    async checkSession(app, holder) {
      try {
        await callWithToken(app, 'checksession', z.object({}), {
          path: '/wxa/checksession',
          query: proofOf(holder),
        });
        return true;
      } catch (error) {
        if (error instanceof WeChatError && error.code === 'WECHAT_SESSION_STALE') return false;
        throw error;
      }
    },

    resetSession: (app, holder) =>
      callWithToken(app, 'resetusersessionkey', session, {
        path: '/wxa/resetusersessionkey',
        query: proofOf(holder),
      }),
  };
}

/** Shows that the session_key is known, without telling it. The key of the HMAC is its base64 text. */
function proofOf({ openId, sessionKey }: SessionHolder) {
  return {
    openid: openId,
    signature: createHmac('sha256', sessionKey).update('').digest('hex'),
    sig_method: 'hmac_sha256',
  };
}
