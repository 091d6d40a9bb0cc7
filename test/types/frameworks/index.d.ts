/**
 * The types of @tarojs/taro 4.2 and @dcloudio/types 3.4 that the client uses, copied, because the packages depend on
 * 80 others.
 */
declare module '@tarojs/taro' {
  namespace Taro {
    interface RequestOption {
      url: string;
      data?: unknown;
      header?: Record<string, unknown>;
      timeout?: number;
      method?: 'OPTIONS' | 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'TRACE' | 'CONNECT';
      success?: (result: { statusCode: number; data: unknown; header: object; errMsg: string }) => void;
      fail?: (result: { errMsg: string }) => void;
    }
    interface RequestTask extends Promise<{ statusCode: number; data: unknown }> {
      abort(): void;
    }
    interface TaroStatic {
      request(option: RequestOption): RequestTask;
      login(option?: { timeout?: number }): Promise<{ code: string; errMsg: string }>;
      getStorageSync<T = unknown>(key: string): T;
      setStorageSync(key: string, data: unknown): void;
    }
  }
  const Taro: Taro.TaroStatic;
  export default Taro;
}

declare const uni: {
  request(options: {
    url: string;
    data?: string | object | ArrayBuffer;
    header?: object;
    method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'CONNECT' | 'HEAD' | 'OPTIONS' | 'TRACE';
    timeout?: number;
    success?: (result: { data: string | object | ArrayBuffer; statusCode: number; header: object }) => void;
    fail?: (result: { errMsg: string }) => void;
  }): { abort(): void };
  login(options: {
    provider?: 'weixin' | 'qq' | 'toutiao';
    success?: (result: { code: string; errMsg: string }) => void;
    fail?: (result: { errMsg: string }) => void;
  }): void;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, data: unknown): void;
};
