/**
 * 开发时连本机的服务和沙箱：沙箱不认识真的 wx.login 代码，所以用 devCode 代替，dev:名字 总是同一个人。
 * 上线前：url 换成 https 的正式域名（并在公众平台登记为 request 合法域名），devCode 改为 undefined。
 */
export const config: { url: string; devCode: string | undefined } = {
  url: 'http://127.0.0.1:4000/graphql',
  devCode: 'dev:alice',
};
