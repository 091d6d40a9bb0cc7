/** The parts of these SDKs that the tests use: they have no types. */
declare module 'co-wechat-api' {
  export default class WechatAPI {
    constructor(appId: string, appSecret: string);
    /** Ends in /cgi-bin/. */
    prefix: string;
    getAccessToken(): Promise<{ accessToken: string; expireTime: number }>;
    getUser(openId: string): Promise<object>;
  }
}

declare module 'wechat-api' {
  type Callback<T> = (error: (Error & { code?: number }) | null, result: T) => void;

  export default class API {
    constructor(appId: string, appSecret: string);
    endpoint: string;
    prefix: string;
    getAccessToken(callback: Callback<{ accessToken: string }>): void;
    getUser(openId: string, callback: Callback<object>): void;
  }
}
