/**
 * 开发时连本机的服务和沙箱。沙箱不认识真的 wx.login 代码，所以用 devCode 代替它：dev:名字 总是同一个人。
 * 上线前：url 换成 https 的正式域名（在公众平台登记为 request 合法域名），devCode 改为 undefined。
 */
export const config: {
  url: string;
  devCode: string | undefined;
  /** 存头像的地方：收一个名为 file 的文件，回答 {"url": "https://…"}。没有就不上传，头像只在本页预览。 */
  uploadUrl: string | undefined;
} = {
  url: 'http://127.0.0.1:4000/graphql',
  devCode: 'dev:alice',
  uploadUrl: undefined,
};
