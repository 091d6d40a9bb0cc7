import { createClient, RequestError } from 'weapp-login-client';
import { config } from './config';

const { url, devCode, uploadUrl } = config;

/** 全局唯一的客户端：登录、续期、重试都由它处理，页面无需调用 wx.login。 */
export const client = createClient({ url, ...(devCode ? { login: () => devCode } : {}) });

/** 上传本地临时文件，返回 https 地址；未配置 uploadUrl 时返回 undefined。 */
export async function upload(filePath: string): Promise<string | undefined> {
  if (!uploadUrl) return undefined;
  const { token } = await client.ensureSession();
  return uploadTo(uploadUrl, filePath, token);
}

function uploadTo(uploadUrl: string, filePath: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.uploadFile({
      url: uploadUrl,
      name: 'file',
      filePath,
      header: { authorization: `Bearer ${token}` },
      success: ({ data }) => {
        const uploaded = readUrl(data);
        if (uploaded) resolve(uploaded);
        else reject(new Error('upload failed'));
      },
      fail: reject,
    });
  });
}

/** wx.uploadFile 的 data 始终是字符串；网关出错时可能是 HTML。 */
function readUrl(text: string): string | undefined {
  try {
    const { url }: { url?: string } = JSON.parse(text);
    return url;
  } catch {
    return undefined;
  }
}

/** 把错误转换成给用户看的提示。 */
export function explain(error: unknown): string {
  if (!(error instanceof RequestError)) return '出错了，请稍后再试';
  if (error.code === 'LOGGED_OUT') return '你已退出登录';
  if (error.code === 'NETWORK') return '网络不给力，请检查后重试';
  if (error.code === 'BAD_USER_INPUT') return '内容不符合要求，请修改';
  if (error.code === 'PHONE_IN_USE') return '该手机号已被其他账号绑定';
  if (error.action === 'RETRY_LATER') return '服务繁忙，请稍后再试';
  return '暂时无法使用，请联系客服';
}
