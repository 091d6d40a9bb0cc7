import { client } from './api';

App({
  /**
   * 静默登录：没有有效会话时登录，页面的请求会等待同一次登录。失败时无需处理，由页面的请求报错。
   * 用户主动退出后不会自动登录，直到调用 client.login。
   */
  onLaunch() {
    client.ensureSession().catch(() => undefined);
  },
});
