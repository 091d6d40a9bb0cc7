import { client } from './api';
import { MeDocument } from './gql/graphql';

App({
  /**
   * 静默登录：第一个请求会自己登录，不用等它，页面的请求会自己等这次登录。失败也不用管，下一个请求会再试。
   * 用户自己退出过的话，这里不会再登录：要等他点“登录”（client.login）。
   */
  onLaunch() {
    client.request(MeDocument).catch(() => undefined);
  },
});
