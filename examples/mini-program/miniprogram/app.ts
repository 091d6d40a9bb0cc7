import { client } from './api';

App({
  /** 静默登录：不等它，页面的请求会自己等。失败也不用管，下一个请求会再试。 */
  onLaunch() {
    if (!client.session()) client.login().catch(() => undefined);
  },
});
