import { client, explain, upload } from '../../api';
import { BindPhoneDocument, EditProfileDocument, UpdateProfileDocument } from '../../gql/graphql';

type Data = {
  nickName: string;
  avatarUrl: string;
  phoneNumber: string;
  saving: boolean;
  error: string;
};

const data: Data = { nickName: '', avatarUrl: '', phoneNumber: '', saving: false, error: '' };

Page({
  data,

  async onLoad() {
    try {
      const { me } = await client.request(EditProfileDocument);
      this.setData({
        nickName: me?.nickName ?? '',
        avatarUrl: me?.avatarUrl ?? '',
        phoneNumber: me?.phoneNumber ?? '',
      });
    } catch (error) {
      this.setData({ error: explain(error) });
    }
  },

  /** chooseAvatar 给的是手机上的临时文件：先上传，再把 https 地址存进资料。 */
  async chooseAvatar({ detail }: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) {
    this.setData({ avatarUrl: detail.avatarUrl, error: '' });
    try {
      const avatarUrl = await upload(detail.avatarUrl);
      if (avatarUrl) await client.request(UpdateProfileDocument, { profile: { avatarUrl } });
    } catch (error) {
      this.setData({ error: explain(error) });
    }
  },

  /** 昵称要在提交表单时取：type="nickname" 的输入框在失焦时会被微信的安全检测改写。 */
  async save({ detail }: WechatMiniprogram.CustomEvent<{ value: { nickName: string } }>) {
    this.setData({ saving: true, error: '' });
    try {
      const { updateProfile } = await client.request(UpdateProfileDocument, {
        profile: { nickName: detail.value.nickName },
      });
      this.setData({ nickName: updateProfile?.nickName ?? '' });
      wx.showToast({ title: '已保存' });
    } catch (error) {
      this.setData({ error: explain(error) });
    } finally {
      this.setData({ saving: false });
    }
  },

  /** 用户拒绝时没有 code。这个 code 和 wx.login 的 code 不是一回事。 */
  async bindPhone({ detail }: WechatMiniprogram.CustomEvent<{ code?: string }>) {
    if (!detail.code) return;
    try {
      const { bindPhone } = await client.request(BindPhoneDocument, { code: detail.code });
      this.setData({ phoneNumber: bindPhone?.phoneNumber ?? '', error: '' });
    } catch (error) {
      this.setData({ error: explain(error) });
    }
  },
});
