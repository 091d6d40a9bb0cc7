/** `number` is the number in E.164; null if the source masks it. */
export type PhonePayload = {
  source: string;
  phoneInfo: {
    phoneNumber: string;
    purePhoneNumber: string;
    countryCode: string | number;
    watermark?: { timestamp: number; appid: string };
  };
  number: string | null;
};

/** The `phone_info` of getuserphonenumber, and the content of `encryptedData` of getPhoneNumber. */
export const PHONE_PAYLOADS: readonly PhonePayload[] = [
  /** The official page of getuserphonenumber: countryCode is a number. */
  {
    source:
      'https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber.html',
    phoneInfo: {
      phoneNumber: 'xxxxxx',
      purePhoneNumber: 'xxxxxx',
      countryCode: 86,
      watermark: {
        timestamp: 1637744274,
        appid: 'xxxx',
      },
    },
    number: null,
  },
  /** Senparc, from an older official page of getPhoneNumber: countryCode is a string. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.WxOpen/src/Senparc.Weixin.WxOpen/Senparc.Weixin.WxOpen/Entities/DecodedPhoneNumber.cs',
    phoneInfo: {
      phoneNumber: '13580006666',
      purePhoneNumber: '13580006666',
      countryCode: '86',
    },
    number: '+8613580006666',
  },
  /** wechatpy: countryCode is a number, the watermark has no AppID. */
  {
    source:
      'https://github.com/wechatpy/wechatpy/blob/master/tests/fixtures/wxa_business_getuserphonenumber.json',
    phoneInfo: {
      phoneNumber: '13123456789',
      purePhoneNumber: '13123456789',
      countryCode: 86,
      watermark: {
        timestamp: 1637744274,
        appid: '',
      },
    },
    number: '+8613123456789',
  },
  /** EasyWeChat: countryCode is a string. */
  {
    source: 'https://github.com/w7corp/easywechat/blob/6.x/tests/MiniApp/UtilsTest.php',
    phoneInfo: {
      phoneNumber: '13800138000',
      purePhoneNumber: '13800138000',
      countryCode: '86',
      watermark: {
        timestamp: 1637744274,
        appid: 'xxxx',
      },
    },
    number: '+8613800138000',
  },
  /** SKIT: masked by the authors. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/TestCase_ToolsAESUtilityTests.cs',
    phoneInfo: {
      phoneNumber: '186****5613',
      purePhoneNumber: '186****5613',
      countryCode: '86',
      watermark: {
        timestamp: 1634545675,
        appid: 'wxc****17e87e0e0a7',
      },
    },
    number: null,
  },
  /** Authing: phoneNumber with a plus and the country code, masked. */
  {
    source:
      'https://github.com/Authing/docs/blob/c20fc31ad1ee90afc2c42c27cf18cd2b4b159aa6/docs/reference-new/sdk-v5/node/authentication/微信相关接口/get-wechat-miniprogram-phone.md',
    phoneInfo: {
      phoneNumber: '+86188xxxx8888',
      purePhoneNumber: '188xxxx8888',
      countryCode: '86',
    },
    number: null,
  },
  /** WeChat community, a question: is a number from abroad like this? Masked. */
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/000ea49b3b0a18133061db76b6b400',
    phoneInfo: {
      phoneNumber: '1xxxxx',
      purePhoneNumber: 'xxxxx',
      countryCode: 1,
      watermark: {
        timestamp: 1637744274,
        appid: 'xxxx',
      },
    },
    number: null,
  },
];

/** What was reported about the format, without a payload. */
export type PhoneFormatReport = { source: string; report: string };

export const PHONE_FORMAT_REPORTS: readonly PhoneFormatReport[] = [
  /** An answer of the staff. */
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/0002445b4e4340968c10430ed66c00',
    report: 'A number from abroad has the country code: +852xxxxxx.',
  },
  /** An answer of the staff. */
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/000220f68cce381ac71ffbd4751c00',
    report: 'A number from abroad always begins with a plus and the country code; one without is Chinese.',
  },
  /** A bug report without an answer. */
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/0004c47e31c7382b616bdfb4f5d800',
    report: 'countryCode is that of the place where the user is, not that of the number.',
  },
  /** A bug report. */
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/000c6c53a5cdd8cd0e1324f1b62800',
    report: 'countryCode is the string "86", not the number 86 of the documentation.',
  },
  /** A bug report. */
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/000082c324c2486d05152fe4260000',
    report: 'countryCode is the string "86", not the number 86 of the documentation.',
  },
];
