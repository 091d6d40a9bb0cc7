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

  /** chooseAvatar 返回的是本地临时文件：先上传，再把 https 地址保存到用户资料。 */
  async chooseAvatar({ detail }: WechatMiniprogram.CustomEvent<{ avatarUrl: string }>) {
    this.setData({ avatarUrl: detail.avatarUrl, error: '' });
    try {
      const avatarUrl = await upload(detail.avatarUrl);
      if (avatarUrl) await client.request(UpdateProfileDocument, { profile: { avatarUrl } });
    } catch (error) {
      this.setData({ error: explain(error) });
    }
  },

  /** 在表单提交时读取昵称：type="nickname" 的输入框失焦时，未通过安全检测的内容会被微信清空。 */
  async save({ detail }: WechatMiniprogram.CustomEvent<{ value: { nickName: string } }>) {
    this.setData({ saving: true, error: '' });
    try {
      const { updateProfile } = await client.request(UpdateProfileDocument, {
        profile: { nickName: detail.value.nickName },
      });
      this.setData({ nickName: updateProfile.user.nickName ?? '' });
      wx.showToast({ title: '已保存' });
    } catch (error) {
      this.setData({ error: explain(error) });
    } finally {
      this.setData({ saving: false });
    }
  },

  /** 用户拒绝授权时没有 code。手机号的 code 与 wx.login 的 code 不能混用。 */
  async bindPhone({ detail }: WechatMiniprogram.CustomEvent<{ code?: string }>) {
    if (!detail.code) return;
    try {
      const { bindPhone } = await client.request(BindPhoneDocument, { code: detail.code });
      this.setData({ phoneNumber: bindPhone.user.phoneNumber ?? '', error: '' });
    } catch (error) {
      this.setData({ error: explain(error) });
    }
  },
});
