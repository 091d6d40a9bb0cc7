import { client, explain } from '../../api';
import { MeDocument, type MeQuery } from '../../gql/graphql';

type Data = { me: MeQuery['me']; loading: boolean; error: string };

const data: Data = { me: null, loading: false, error: '' };

Page({
  data,

  /** 每次回到这一页都取一次：资料页可能改过。 */
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

  /** 所有设备上的登录都会失效。服务器没收到也要在本机退出，client.logout 会保证这一点。 */
  async logout() {
    await client.logout().catch(() => undefined);
    this.setData({ me: null, error: '' });
  },
});
