/** 默认连接本机的服务端和沙箱。 */
export const config: {
  /** GraphQL 接口地址。上线前换成 https 域名，并登记为 request 合法域名。 */
  url: string;
  /** 沙箱不支持真实的 wx.login code，用固定的 dev:名字 代替。接入真实微信时设为 undefined。 */
  devCode: string | undefined;
  /** 头像上传地址：接收名为 file 的文件，返回 {"url": "https://…"}。undefined 表示不上传，头像仅在当前页面预览。 */
  uploadUrl: string | undefined;
} = {
  url: 'http://127.0.0.1:4000/graphql',
  devCode: 'dev:alice',
  uploadUrl: undefined,
};
