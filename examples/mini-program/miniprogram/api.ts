import { createClient, RequestError } from 'weapp-login-client';
import { config } from './config';

const { url, devCode } = config;

/** 整个小程序共用的一个客户端：登录、续期、重放都在里面，页面里不会出现 wx.login。 */
export const client = createClient({ url, ...(devCode ? { login: () => devCode } : {}) });

/** 出错时给用户看的一句话。 */
export const explain = (error: unknown): string => {
  if (!(error instanceof RequestError)) return '出错了，请稍后再试';
  if (error.code === 'LOGGED_OUT') return '你已退出登录';
  if (error.code === 'NETWORK') return '网络不给力，请检查后重试';
  if (error.code === 'BAD_USER_INPUT') return '内容不符合要求，请修改';
  if (error.action === 'RETRY_LATER') return '服务繁忙，请稍后再试';
  return '暂时无法使用，请联系客服';
};
