import { createClient, RequestError } from 'weapp-login-client';
import { config } from './config';

const { url, devCode, uploadUrl } = config;

/** 整个小程序共用的一个客户端：登录、续期、重放都在里面，页面里不会出现 wx.login。 */
export const client = createClient({ url, ...(devCode ? { login: () => devCode } : {}) });

/** 把手机上的临时文件传到自己的存储，得到它的 https 地址；没有配置存储时得到 undefined。 */
export const upload = (filePath: string): Promise<string | undefined> =>
  uploadUrl ? uploadTo(uploadUrl, filePath) : Promise.resolve(undefined);

const uploadTo = (uploadUrl: string, filePath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    wx.uploadFile({
      url: uploadUrl,
      name: 'file',
      filePath,
      header: { authorization: `Bearer ${client.session()?.token ?? ''}` },
      success: ({ data }) => {
        const answer = readUrl(data);
        if (answer) resolve(answer);
        else reject(new Error('upload failed'));
      },
      fail: reject,
    });
  });

/** wx.uploadFile 的 data 总是字符串，网关出错时还可能是 HTML。 */
const readUrl = (text: string): string | undefined => {
  try {
    const { url }: { url?: string } = JSON.parse(text);
    return url;
  } catch {
    return undefined;
  }
};

/** 出错时给用户看的一句话。 */
export const explain = (error: unknown): string => {
  if (!(error instanceof RequestError)) return '出错了，请稍后再试';
  if (error.code === 'LOGGED_OUT') return '你已退出登录';
  if (error.code === 'NETWORK') return '网络不给力，请检查后重试';
  if (error.code === 'BAD_USER_INPUT') return '内容不符合要求，请修改';
  if (error.code === 'PHONE_IN_USE') return '这个手机号已被别的账号使用';
  if (error.action === 'RETRY_LATER') return '服务繁忙，请稍后再试';
  return '暂时无法使用，请联系客服';
};
