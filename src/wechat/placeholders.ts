/** What WeChat returns, or its samples send, instead of the profile of a user. */
const PLACEHOLDERS = [
  /** wx.getUserProfile since November 2022: https://developers.weixin.qq.com/community/develop/doc/00022c683e8a80b29bed2142b56c01 */
  { field: 'nickName', text: '微信用户' },
  {
    field: 'avatarUrl',
    text: 'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg',
  },
  /** `defaultAvatarUrl` of the chooseAvatar sample: https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/userProfile.html */
  {
    field: 'avatarUrl',
    text: 'icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg',
  },
] as const;

/** Whether a value is a placeholder: a nickname must equal it, the URL of a picture contain it. */
export function isPlaceholder(field: 'nickName' | 'avatarUrl', value: string): boolean {
  return PLACEHOLDERS.some(
    (placeholder) =>
      placeholder.field === field &&
      (field === 'nickName' ? value === placeholder.text : value.includes(placeholder.text)),
  );
}
