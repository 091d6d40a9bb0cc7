/** `plaintext` is the JSON byte for byte; `appId` is that of its watermark, null if unknown. */
export type EncryptedSample = {
  source: string;
  appId: string | null;
  sessionKey: string;
  encryptedData: string;
  iv: string;
} & (
  | { valid: true; appId: string; plaintext: string }
  | { valid: false; reason: string; plaintext?: string }
);

/** Data of `wx.getUserInfo` and `getPhoneNumber` as SDKs publish it. */
export const ENCRYPTED_SAMPLES: readonly EncryptedSample[] = [
  /** The official demo: the user with openid and unionid; every SDK has it. */
  {
    source: 'https://github.com/wechatpy/wechatpy/blob/master/tests/test_crypto.py',
    appId: 'wx4f4bc4dec97d474b',
    sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
    encryptedData:
      'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==',
    iv: 'r7BXXKkLb8qrSNn05n0qiA==',
    plaintext:
      '{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}',
    valid: true,
  },
  /** The official demo in lines of 32 characters. */
  {
    source: 'https://github.com/hpyer/node-easywechat/blob/3.x/test/MiniApp/Utils.test.js',
    appId: 'wx4f4bc4dec97d474b',
    sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
    encryptedData:
      'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZM\nQmRzooG2xrDcvSnxIMXFufNstNGTyaGS\n9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+\n3hVbJSRgv+4lGOETKUQz6OYStslQ142d\nNCuabNPGBzlooOmB231qMM85d2/fV6Ch\nevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6\n/1Xx1COxFvrc2d7UL/lmHInNlxuacJXw\nu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn\n/Hz7saL8xz+W//FRAUid1OksQaQx4CMs\n8LOddcQhULW4ucetDf96JcR3g0gfRK4P\nC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB\n6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns\n/8wR2SiRS7MNACwTyrGvt9ts8p12PKFd\nlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYV\noKlaRv85IfVunYzO0IKXsyl7JCUjCpoG\n20f0a04COwfneQAGGwd5oa+T8yO5hzuy\nDb/XcxxmK01EpqOyuxINew==',
    iv: 'r7BXXKkLb8qrSNn05n0qiA==',
    plaintext:
      '{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}',
    valid: true,
  },
  /** Senparc: a user with a Chinese nickname, without a unionid. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen.Tests/Helpers/EncryptHelperTests.cs',
    appId: 'wxfcb0a0031394a51c',
    sessionKey: '/mGmINZAe+7k6kNz32wxSw==',
    encryptedData:
      'CFcsIXmH2r0v9ehjEhS+uUpJkr8qGQyt+Za3YkhjVNNA+xGj2WB2QFxDXdKVSzc10LukeB2maCxZCqpPQrWQx6CKF/VkEx96hXpPuBMpWBnnLzupoJpkRW9gJGRz7dcXDnqzstf2etRumDeAFDyjEKZ6bqs+KTE7qHauMsctxg4TXPbzzvWQm783j9PoWsCm/0A+aGNWCfZSFuJgi5G+LjTVqcGqP+mlAnLIFmgGLTo3vWrekz0//2vCMhgcgwKjPMR+VZTB7UItvnWfF4h4oOajcMuEiwTifaFkyn7l4NtLroMYjOfId16B6XCTK0BvPhTw9GI3wPMDopwWF2q3Op8M2fYWJuVGFKbrAZvVY/ILeIxYLaHuwHAOYULLre5Mg1kQpURlQ6I6e6GjraJUoL1BqsM38DayY5xRRFJsehZgrWkOySWICuN20Bte7+2N8D6PvhsaNyQz+4Lp4XY/Nn+clNGoM1v6aKTCv7PY2wo=',
    iv: 'ASJ0whjRyLK1tvgb7bAVSw==',
    plaintext:
      '{"openId":"onh7q0DGM1dctSDbdByIHvX4imxA","nickName":"苏震巍","gender":1,"language":"zh_CN","city":"Suzhou","province":"Jiangsu","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/PiajxSqBRaEKXyjX4N6I5Vx1aeiaBeJ2iaTLy15n0HgvjNbWEpKA3ZbdgXkOhWK7OH8iar3iaLxsZia5Ha4DnRPlMerw/0","watermark":{"timestamp":1485785979,"appid":"wxfcb0a0031394a51c"}}',
    valid: true,
  },
  /** SKIT: a phone number, masked and encrypted again by the authors; it decrypts. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/TestCase_ToolsAESUtilityTests.cs',
    appId: 'wxc****17e87e0e0a7',
    sessionKey: 'YZJqKnNFi0KAiKUc0ggC2g==',
    encryptedData:
      'Gu2PVnxVWl+jK4F8c0liGxfkB5Bj3m5HRvwgEIk1Yb+36RZ3Bg7YmUnud/ooiHz0PQroipsH7GCjlGwUeT04NwmrFaP1y3dRYPLpS43ed9QZWcFIFo+8vTs3Zco6S98DUvaNEAs8duhz/BzfBOZaIHMziRqEtPFI0ZDzCgJluBirJ6Wl3UkygZ5/QLo3KA53qGdip7K48Rq8XbCwuidTCw==',
    iv: 'KEWv/gyiIwAfHvjrLeaX6w==',
    plaintext:
      '{"phoneNumber":"186****5613","purePhoneNumber":"186****5613","countryCode":"86","watermark":{"timestamp":1634545675,"appid":"wxc****17e87e0e0a7"}}',
    valid: false,
    reason: 'AppID and phone number are masked',
  },
  /** WxJava: their test only prints the result. */
  {
    source:
      'https://github.com/binarywang/WxJava/blob/develop/weixin-java-miniapp/src/test/java/cn/binarywang/wx/miniapp/util/crypt/WxMaCryptUtilsTest.java',
    appId: null,
    sessionKey: '7MG7jbTToVVRWRXVA885rg==',
    encryptedData:
      'BY6VOgcWbwGcyrunK0ECWI8rnDsT69DucZ+M78tc1aL9aM/3bEAHFYd4fu7kRjWhD4YfjObw44T9vUqKyHIjbKs6hvtEasZZEIW35x4a91xVgN48ZqZ7MTQqUlP13kDUlkuwYh+/8g8yceu4kNbjowYrhihx+SV7CfjKCveJ7TSepr5Z7aLv1o+rfeelfOwn++WN/YoQsuZ6S3L4fWlWe5DAAUnFUI6cJvxxCohVzbrVXhyH2AqQdSjH2WnMYFeaGFIbcoxMznlk7oEwFn+hBj63dyT/swdYQfEdzuyCBmKXy8d6l1RKVX6Y65coTD8kIlbr+FKsqYrXVUIUBSwehqYuOdhYWZ9Bntl5DWU1oqzAPCnMn2cAIoQpQPKP7IGSxMOvCNAMhVXbE7BvnWuVuGF+AM5tXAa9IVUhcMImGwLQqm4iV5uBd+5OcFObh3A4VJk9iBCBWSkBHa/rV9CVoY0bFv2F9/2Hv82++Ybl274=',
    iv: 'TarMFjnzHVxy8pdS93wQbw==',
    valid: false,
    reason: 'the padding is wrong',
  },
  /** Senparc, reported in https://github.com/JeffreySu/WeiXinMPSDK/issues/1869. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen.Tests/Helpers/EncryptHelperTests.cs',
    appId: null,
    sessionKey: '0sVkQ4CtcaiYJtvoPLBecw==',
    encryptedData:
      'GiW4s+17o7RSaPOwGX8Ir1+3c/RYbHKvRzBg8UFlmIIiArLtU0ctkzjq1LRR5MH5CSPs63Jt4qCoFScSlRKlQ4/RVXXJFQV+r/1L+qKv/PdHRvVDLb+8P6CvPTurEuHsxlLyXTnnlEIu6IFYFzZWBMIp6+SHEK85mEb1gw4BtMmEy9EitnMskNjsEnmpI3M9r8ItKyQ8hinJejuno0JPXn3trc+2gMheNt4+4NwMTM6mzzGVO6g40NP7NjK9Tl6+An2TjBe+GGVFdrkl5hpYDXE/YO2FsL909faX3Y08msSuCVk5AsMGMJiUwddiu44KODdxCYfwLxBaIgYJEY6xLygFmAMuDg/L2g4/wDabBrhA5BNsD6lrcRRbvrHK65Lu3xd1oTXyMGbfUGTD4GLlLSJUX2FhcG7ZmHwg1jQUuKFHJu/AMQgdoPa/JONAu5Hjp0hL7ahr5LC0ghwdTfTowg3X1Ko9IgRxxj755eGgXQK7AnsMwjXzt4X+4YpOYpCb2LVSrTV2t4QjVNPe+Rjmsg==',
    iv: '4y2ftkwAM2mF6Qc89HydpA==',
    valid: false,
    reason: 'the padding is wrong',
  },
  /** Senparc, reported in https://github.com/JeffreySu/WeiXinMPSDK/issues/1825: key and IV as decimal bytes. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen.Tests/Helpers/EncryptHelperTests.cs',
    appId: null,
    sessionKey: '98195476102492321891401391061935624977242',
    encryptedData:
      'deWfUALVVTxrux2cp0qeqLWotTHTIpRmIrpcuWoh3ngyr7vjCDYq1wh2Q0CE6Zj9P/V2ZVqtjkVAiGdBuBR8fSs9qpWhb9ieO5FoumuvgoM6HP5+7Eul6lm8njXJlbTZr+pODAIeMoBIwpQUPpCLwYtpSuKlQGKvsrmoVU5j5xgoKm4dyKmNwq3qcqE5Q+HUOV0r/c7GusFWZD0haaccduMjmKAyupCpbwdDu6kiVfEo1pVZdp5j4C5ihrZdE7gzeS9vOAFDaB+NXPB6Lz+H8js6BH8gVJ7tZ1KUAwqt+FIqHHBKsREKoyjePwREkRc1Sr/N+QR1vps2cFGpqp16NAoTyT/JFi2jNs8PgrrEYZkjVvyMUYFlDnq5BWNyyh5RX34JEq7EN62sc+wfAMB2Nrm/QEcBCtYLycP3xcQnCLasU2SQbpIr5GOUz7aiIu5rwMXMUDDg7jxCOA4+ORfSHUgS6OczRjY+QqrcfKmlA84=',
    iv: '116115241129461711788323441202601974169239',
    valid: false,
    reason: 'key and IV are not base64 of 16 bytes',
  },
  /** EasyWeChat: the official demo with four characters before it. */
  {
    source: 'https://github.com/w7corp/easywechat/blob/6.x/tests/MiniApp/DecryptorTest.php',
    appId: 'wx4f4bc4dec97d474b',
    sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
    encryptedData:
      'aaaaCiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==',
    iv: 'r7BXXKkLb8qrSNn05n0qiA==',
    valid: false,
    reason: 'not whole blocks',
  },
];
