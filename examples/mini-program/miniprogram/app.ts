import { client } from './api';
import { MeDocument } from './gql/graphql';

App({
  /**
   * 静默登录：第一个请求会自动登录，页面的请求会等待同一次登录。失败时无需处理，下一个请求会重试。
   * 用户主动退出后不会自动登录，直到调用 client.login。
   */
  onLaunch() {
    client.request(MeDocument).catch(() => undefined);
  },
});
