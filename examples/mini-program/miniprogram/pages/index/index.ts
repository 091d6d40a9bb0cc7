import { client, explain } from '../../api';
import { MeDocument, type MeQuery } from '../../gql/graphql';

type Data = { me: MeQuery['me']; loading: boolean; error: string };

const data: Data = { me: null, loading: false, error: '' };

Page({
  data,

  /** 每次显示都重新请求：用户可能刚在资料页修改过。 */
  async onShow() {
    this.setData({ loading: true, error: '' });
    try {
      const { me } = await client.request(MeDocument);
      this.setData({ me });
    } catch (error) {
      this.setData({ me: null, error: explain(error) });
    } finally {
      this.setData({ loading: false });
    }
  },

  async onPullDownRefresh() {
    await this.onShow();
    wx.stopPullDownRefresh();
  },

  async login() {
    try {
      await client.login();
    } catch (error) {
      this.setData({ error: explain(error) });
      return;
    }
    await this.onShow();
  },

  /** 使该用户在所有设备上的 token 失效。即使请求失败，client.logout 也会清除本机的登录状态。 */
  async logout() {
    await client.logout().catch(() => undefined);
    this.setData({ me: null, error: '' });
  },
});
