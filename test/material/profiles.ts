/** `valid`: whether `signature` is the SHA-1 of `rawData` and `sessionKey`. */
export type RawDataSample = {
  source: string;
  sessionKey: string;
  rawData: string;
  signature: string;
} & ({ valid: true } | { valid: false; reason: string });

/** Profiles of `wx.getUserInfo` as SDKs publish them. */
export const RAW_DATA_SAMPLES: readonly RawDataSample[] = [
  /** The official sample: ASCII, an http avatar. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html',
    sessionKey: 'HyVFkGl5F5OQWJZZaNzBBg==',
    rawData:
      '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}',
    signature: '75e81ceda165f4ffa64f4068af58c64b8f54b88c',
    valid: true,
  },
  /** Senparc: a Chinese nickname, an http avatar. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen.Tests/Helpers/EncryptHelperTests.cs',
    sessionKey: 'jCdFs2HMx+A9Dr9lhMJKxA==',
    rawData:
      '{"nickName":"苏震巍","gender":1,"language":"zh_CN","city":"Suzhou","province":"Jiangsu","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/PiajxSqBRaEKXyjX4N6I5Vx1aeiaBeJ2iaTLy15n0HgvjNbWEpKA3ZbdgXkOhWK7OH8iar3iaLxsZia5Ha4DnRPlMerw/0"}',
    signature: '2d65ebea7c7f500bfb874b71569a591047452d38',
    valid: true,
  },
  /** Senparc: the same profile, signed with the session_key of another login. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen.Tests/Helpers/EncryptHelperTests.cs',
    sessionKey: 'lEIWEBVlmAj/Ng0t54iahA==',
    rawData:
      '{"nickName":"苏震巍","gender":1,"language":"zh_CN","city":"Suzhou","province":"Jiangsu","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/PiajxSqBRaEKXyjX4N6I5Vx1aeiaBeJ2iaTLy15n0HgvjNbWEpKA3ZbdgXkOhWK7OH8iar3iaLxsZia5Ha4DnRPlMerw/0"}',
    signature: '1149a88c75125de3146040c90d7bcc4b2a564a34',
    valid: true,
  },
  /** wechatpy: a nickname of two scripts, an https avatar of 132 pixels. */
  {
    source: 'https://github.com/wechatpy/wechatpy/blob/master/tests/test_utils.py',
    sessionKey: 'GtYYez5b/M5HhT4L7n31gQ==',
    rawData:
      '{"nickName":"Xavier-Lam林","gender":1,"language":"zh_CN","city":"Ningde","province":"Fujian","country":"China","avatarUrl":"https://wx.qlogo.cn/mmopen/vi_32/vTxUxcbjcZ8t9eU6YfXBwRU89KS9uRILEDro01MTYp7UKYsyTjLFMIVhB0AlBuEvLHbhmO3OpaHw5zwlSetuLg/132"}',
    signature: '8fde625b7640734a13c071c05d792b5cef21cf89',
    valid: true,
  },
  /** Senparc, an old revision that was corrected the next day. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/00ad5563021a38b1e13e50c49f4b744ad1085276/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen.Tests/Helpers/EncryptHelperTests.cs',
    sessionKey: 'X9SEb3ICAtmCHw2ouHD9Gg==',
    rawData:
      '{"nickName":"苏震巍","gender":1,"language":"zh_CN","city":"Suzhou","province":"Jiangsu","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/PiajxSqBRaEKXyjX4N6I5Vx1aeiaBeJ2iaTLy15n0HgvjNbWEpKA3ZbdgXkOhWK7OH8iar3iaLxsZia5Ha4DnRPlMerw/0"}',
    signature: '4d2b94bb94a41eb6c9a33dc79445c468140ae852',
    valid: false,
    reason: 'the signature does not match',
  },
];

/** The `signature` of a call such as checksession: HMAC-SHA256 of the body, with the text of the session_key as key. */
export type SessionKeyProofSample = { source: string; sessionKey: string; body: string; signature: string };

/** The official sample of a body; for a GET request, such as checksession, the body is empty. */
export const SESSION_KEY_PROOF_SAMPLE: SessionKeyProofSample = {
  source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/backend-auth.html',
  sessionKey: 'o0q0otL8aEzpcZL/FT9WsQ==',
  body: '{"foo":"bar"}',
  signature: '654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b',
};
