/** A push as it arrives. Without `aesKey` it is in plain mode; `appId` is the receiver named in the ciphertext. */
export type PushSample = {
  source: string;
  appId: string;
  token: string;
  aesKey?: string;
  query: {
    timestamp: string;
    nonce: string;
    signature?: string;
    msg_signature?: string;
    openid?: string;
    encrypt_type?: string;
  };
  body: string;
  plaintext?: string;
} & ({ valid: true } | { valid: false; reason: string });

/** Pushes with their signature, and in secure mode with their key and content. */
export const PUSH_SAMPLES: readonly PushSample[] = [
  /** The official sample in plain mode, JSON. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html',
    appId: 'wxba5fad812f8e6fb9',
    token: 'AAAAA',
    query: {
      signature: '899cf89e464efb63f54ddac96b0a0a235f53aa78',
      timestamp: '1714037059',
      nonce: '486452656',
    },
    body: '{\n    "ToUserName": "gh_97417a04a28d",\n    "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",\n    "CreateTime": 1714037059,\n    "MsgType": "event",\n    "Event": "debug_demo",\n    "debug_str": "hello world"\n}',
    valid: true,
  },
  /** The official sample in secure mode, JSON; the AES key is 32 zero bytes. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html',
    appId: 'wxba5fad812f8e6fb9',
    token: 'AAAAA',
    aesKey: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    query: {
      signature: '6c5c811b55cc85e0e1b54100749188c20beb3f5d',
      timestamp: '1714112445',
      nonce: '415670741',
      openid: 'o9AgO5Kd5ggOC-bXrbNODIiE3bGY',
      encrypt_type: 'aes',
      msg_signature: '046e02f8204d34f8ba5fa3b1db94908f3df2e9b3',
    },
    body: '{\n    "ToUserName": "gh_97417a04a28d",\n    "Encrypt": "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="\n}',
    plaintext:
      '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}',
    valid: true,
  },
  /** The official sample for a third-party platform, XML; `appId` is that of the platform. */
  {
    source:
      'https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html',
    appId: 'wx134c8103faa5a59e',
    token: 'AAAAA',
    aesKey: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    query: {
      signature: 'cc0c594499c1634947d5b502f158ee518947db27',
      timestamp: '1715943329',
      nonce: '1590219412',
      openid: 'o9AgO5Kd5ggOC-bXrbNODIiE3bGY',
      encrypt_type: 'aes',
      msg_signature: '6c12a4205838198b8fa631b3220723bb07f1015c',
    },
    body: '<xml>\n    <ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>\n    <Encrypt><![CDATA[D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==]]></Encrypt>\n</xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>\n<FromUserName><![CDATA[o9AgO5Kd5ggOC-bXrbNODIiE3bGY]]></FromUserName>\n<CreateTime>1715943329</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[debug_demo]]></Event>\n<debug_str><![CDATA[hello world]]></debug_str>\n</xml>',
    valid: true,
  },
  /** The official C# sample, in SKIT, Senparc and EasyWeChat too. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/TestCase_EventVerificationTests.cs',
    appId: 'wx5823bf96d3bd56c7',
    token: 'QDG6eK',
    aesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
    query: {
      timestamp: '1409659813',
      nonce: '1372623149',
      msg_signature: '477715d11cdb4164915debcba66cb864d751f3e6',
    },
    body: '<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt></xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>',
    valid: true,
  },
  /** The official Python sample in compatible mode: the message also in plain text. */
  {
    source:
      'https://github.com/fotock/WXbizMsgCrypt-Node/blob/29c32a818c74c74a8d3ba70dcc712694dba5d8aa/README.md',
    appId: 'wx2c2769f8efd9abc2',
    token: 'spamtest',
    aesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    query: {
      timestamp: '1409735669',
      nonce: '1320562132',
      msg_signature: '5d197aaffba7e9b25a30732f161a50dee96bd5fa',
    },
    body: '<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName><CreateTime>1409735668</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[abcdteT]]></Content><MsgId>6054768590064713728</MsgId><Encrypt><![CDATA[hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=]]></Encrypt></xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n<CreateTime>1409735668</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[abcdteT]]></Content>\n<MsgId>6054768590064713728</MsgId>\n</xml>',
    valid: true,
  },
  /** The official C++ sample; ToUserName of the envelope differs from that of the message. */
  {
    source:
      'https://github.com/rdxz/FE11/blob/2965127485eae2827d72dba90244cf10b0c45ffc/SampleCode/C++/src/Sample.cpp',
    appId: 'wx2c2769f8efd9abc2',
    token: 'spamtest',
    aesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    query: {
      timestamp: '1410349438',
      nonce: '298025754',
      msg_signature: '003fee52ecc56afb46c00b5c7721be87860ce785',
    },
    body: '<xml><ToUserName><![CDATA[toUser]]></ToUserName><Encrypt><![CDATA[mfBCs65c67CeJw22u4VT2TD73q5H06+ocrAIxswCaeZ/d/Lw0msSZFHY0teqgSYiI1zR2gD2DKrB3TIrmX/liNSDrGqS8jSI/WPeKB5VPr7Ezr7gomZAyGCwJSgT1TRFWPfONGJMxuj2nk4faTuspAuVIFQ6SHwZuJBZC7mcJp7Cgr9cUhATQWDbOPaE7ukZBTV2YqyzH+UI2AK+J1S47cE79k1RX8t0hcTz/O0hlK8DGXKnvYv88qKQcI7z4iaajqHfRVZKBNyOODabs+It+ZfM3dWTeFcPgDbGtIEnpt/EDtuuA/zMvtkaKdHdswPnVZQ+xdwbYr3ldGvfT8HlEYEgkgKaThxTFobVlwzu2ZkXCjicbP3xdr15Iq48ObgzPpqYuZ3IEoyggZDKClquk0u0orMck4GTF/XyE8yGzc4=]]></Encrypt></xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n<CreateTime>1410349438</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[abcdteT]]></Content>\n<MsgId>6057404712141979648</MsgId>\n</xml>',
    valid: true,
  },
  /** Senparc: a Chinese message in compatible mode. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.MP/Senparc.Weixin.MP.Test/MessageHandlers/MessageHandlersTest.cs',
    appId: 'wx669ef95216eef885',
    token: 'weixin',
    aesKey: 'mNnY5GekpChwqhy2c4NBH90g3hND6GeI4gii2YCvKLY',
    query: {
      signature: 'e3203b6433eb554dd2fcba78fa48cb948fcb4801',
      timestamp: '1414387151',
      nonce: '917222494',
      encrypt_type: 'aes',
      msg_signature: 'ae70d4e343d946fc0477a5c760b95be0947fddbb',
    },
    body: '<xml>\n    <ToUserName><![CDATA[gh_a96a4a619366]]></ToUserName>\n    <FromUserName><![CDATA[olPjZjsXuQPJoV0HlruZkNzKc91E]]></FromUserName>\n    <CreateTime>1414387151</CreateTime>\n    <MsgType><![CDATA[text]]></MsgType>\n    <Content><![CDATA[你好]]></Content>\n    <MsgId>6074746557628292943</MsgId>\n    <Encrypt><![CDATA[2gUBUpAeuPFKBS+gkcvrR1cBq1VjTOQluB7+FQF00VnybRpYR3xko4S4wh0qD+64cWmJfF93ZNLm+HLZBexjHLAdJBs5RBG2rP1AJnU0/1vQU/Ac9Q1Nq7vfC4l3ciF8YwhQW0o/GE4MYWWakgdwnp0hQ7aVVwqMLd67A5bsURQHJiFY/cH0fVlsKe6J3aazGhRXFCxceOq2VTJ2Eulc8aBDVSM5/lAIUA/JPq5Z2RzomM0+aoa5XIfGyAtAdlBXD0ADTemxgfYAKI5EMfKtH5za3dKV2UWbGAlJQZ0fwrwPx6Rs8MsoEtyxeQ52gO94gafA+/kIVjamKTVLSgudLLz5rAdGneKkBVhXyfyfousm1DoDRjQdAdqMWpwbeG5hanoJyJiH+humW/1q8PAAiaEfA+BOuvBk/a5xL0Q2l2k=]]></Encrypt>\n</xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[gh_a96a4a619366]]></ToUserName>\n<FromUserName><![CDATA[olPjZjsXuQPJoV0HlruZkNzKc91E]]></FromUserName>\n<CreateTime>1414387151</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[你好]]></Content>\n<MsgId>6074746557628292943</MsgId>\n</xml>',
    valid: true,
  },
  /** Senparc: a file message with an empty field, in compatible mode. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.MP/Senparc.Weixin.MP.Test/MessageHandlers/MessageHandlersTest.cs',
    appId: 'wx43899fc5fd7ab4dc',
    token: 'moZ05vVoeueufLTuCqv',
    aesKey: '68JptSBfCdTa12VRKa3Ztv4cDRbqlor8Kgy6c9l6bKK',
    query: {
      timestamp: '1519483978',
      nonce: '1122185331',
      msg_signature: 'a61aaa287b63782f8e5d801075e20e75bfe37af4',
    },
    body: '<xml>\n    <ToUserName><![CDATA[gh_8a50de30e55a]]></ToUserName>\n    <FromUserName><![CDATA[o5lE40xwHOqG8riO_EOZQV3JYCV8]]></FromUserName>\n    <CreateTime>1519483978</CreateTime>\n    <MsgType><![CDATA[file]]></MsgType>\n    <Title><![CDATA[test.zip]]></Title>\n    <Description><![CDATA[]]></Description>\n    <FileKey><![CDATA[BAAAAAAAAACJHA0y]]></FileKey>\n    <FileMd5><![CDATA[95d98d3bf1b251a9e4a40f3bd88eef29]]></FileMd5>\n    <FileTotalLen>222</FileTotalLen>\n    <MsgId>6526133992738756795</MsgId>\n    <Encrypt><![CDATA[yy1I8GZ58CkgRqS/D+F0QHhKpO8pVYNzAlo+25FkP/LTwf6gCM3ry3ZWBbOXsWDira3+Y2Arr0cvmC+KhS2tz7eerxQaKTkuBhj61tOoRCO9okYT9JtmHCR4STpi0sp3LXgm7LFSSdgWWD46Yt8BDh/LhySZKiXoPoxL9krJlKtM5jBteT1Mcc78d9kSqqurzm04Ux8X4Sgw6ubBsjZs3c5jH95f3ifG8hVPHGruIZqr3kX2eIMOwhtTZbqZb/YlEtPuC7UakN0jOlmn8sDGxLFf14TPC4okJ6l1/DFVKx6sGBslStRvNtLlwbNxyUBHkyFINbOo2Yx2BIaDnXmu/34N04vm2hNxjfH6Ej3P7lZ4YaX0+WCTXqwIZVQtTpYx9GXWjPVU+8eY4VtdDYKlbgzBpzxU5EiCcLieqBhLYq5ltGGPPapebaLV4PlJ4N2LwybR2v41rCUb9HiU9pptsBUDGsbUsJnblc5DkTJbqZdLP6hHuNRTDegApRdVUOfKysHVWfaaYZC+RwFPrriJsWZNS0c/iY2EF+obXZm+heuqGO6Zozb5v/h2JxmWGgzvGr06aMPxVO1KRLVxGuEnHXF2XH1g76CVLy3+ACb3gFhm3FmYe9ZR1Mad7fwBnzhGZRTQxXaIb+6en4DoR4zcN47K7CvPS5NR49h6MGOhqVY=]]></Encrypt>\n</xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[gh_8a50de30e55a]]></ToUserName>\n<FromUserName><![CDATA[o5lE40xwHOqG8riO_EOZQV3JYCV8]]></FromUserName>\n<CreateTime>1519483978</CreateTime>\n<MsgType><![CDATA[file]]></MsgType>\n<Title><![CDATA[test.zip]]></Title>\n<Description><![CDATA[]]></Description>\n<FileKey><![CDATA[BAAAAAAAAACJHA0y]]></FileKey>\n<FileMd5><![CDATA[95d98d3bf1b251a9e4a40f3bd88eef29]]></FileMd5>\n<FileTotalLen>222</FileTotalLen>\n<MsgId>6526133992738756795</MsgId>\n</xml>',
    valid: true,
  },
  /** Senparc: to a third-party platform; InfoType instead of MsgType. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.Open/Senparc.Weixin.Open.Test/ThirdPartyMessageHandlers/ThirdPartyMessageHandlerTest.cs',
    appId: 'wxbbd3f07e2945cf2a',
    token: 'senparc',
    aesKey: '0123456789012345678901234567890123456789012',
    query: {
      signature: '6cd59ed9ca88d3993475bd4960052c5e5204391e',
      timestamp: '1436876197',
      nonce: '1879066412',
      msg_signature: '346f1ed0ed84e80342072f2b88e2f4f018b8c79d',
    },
    body: '<xml>\n    <AppId><![CDATA[wxbbd3f07e2945cf2a]]></AppId>\n    <Encrypt><![CDATA[7d7R2gPF37VXWzQoveo4Ts2xG4iuOS3gwJ3kbc56PBL40BY6uHNjvlBrvaw3LqS4Th3Z93DIOjs7Yhlv8YW72oh1ARDuR0aXUTySTXQ8CWJWVz7VNWruFT25hfGBOnPlNW1GJyV5l8LLoIIasaiWJbteqEfgCW7ehwL8F7kTNClFaiFrS7AzlK6DMR4gMBdL0b0mfpfp8bfEkPmEcy/ARQiQBTwXz/NhxBvHTFGtKIv3VYR+ZztzoV1wVc/nXBg/FhvW7fzQRsqbCBZ2gegRwfz5j10HPB5rfjaZjO4fvEsx8V2/rTICtcUxkMV1GO5cgbasw/FEIDCH2NAUl/ht0w==]]></Encrypt>\n</xml>',
    plaintext:
      '<xml><AppId><![CDATA[wxbbd3f07e2945cf2a]]></AppId>\n<CreateTime>1436876196</CreateTime>\n<InfoType><![CDATA[unauthorized]]></InfoType><AuthorizerAppid><![CDATA[wx570bc396a51b8ff8]]></AuthorizerAppid></xml>',
    valid: true,
  },
  /** wechatpy: a message to WeCom, with AgentID in the envelope; the padding is one byte. */
  {
    source: 'https://github.com/wechatpy/wechatpy/blob/master/tests/test_crypto.py',
    appId: 'wx49f0ab532d5d035a',
    token: '123456',
    aesKey: 'kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR',
    query: {
      timestamp: '1411525903',
      nonce: '461056294',
      msg_signature: '74d92dfeb87ba7c714f89d98870ae5eb62dff26d',
    },
    body: '<xml><ToUserName><![CDATA[wx49f0ab532d5d035a]]></ToUserName>\n<Encrypt><![CDATA[RgqEoJj5A4EMYlLvWO1F86ioRjZfaex/gePD0gOXTxpsq5Yj4GNglrBb8I2BAJVODGajiFnXBu7mCPatfjsu6IHCrsTyeDXzF6Bv283dGymzxh6ydJRvZsryDyZbLTE7rhnus50qGPMfp2wASFlzEgMW9z1ef/RD8XzaFYgm7iTdaXpXaG4+BiYyolBug/gYNx410cvkKR2/nPwBiT+P4hIiOAQqGp/TywZBtDh1yCF2KOd0gpiMZ5jSw3e29mTvmUHzkVQiMS6td7vXUaWOMZnYZlF3So2SjHnwh4jYFxdgpkHHqIrH/54SNdshoQgWYEvccTKe7FS709/5t6NMxuGhcUGAPOQipvWTT4dShyqio7mlsl5noTrb++x6En749zCpQVhDpbV6GDnTbcX2e8K9QaNWHp91eBdCRxthuL0=]]></Encrypt>\n<AgentID><![CDATA[1]]></AgentID>\n</xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[wx49f0ab532d5d035a]]></ToUserName>\n<FromUserName><![CDATA[messense]]></FromUserName>\n<CreateTime>1411525903</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[test]]></Content>\n<MsgId>4363689963896700987</MsgId>\n<AgentID>1</AgentID>\n</xml>',
    valid: true,
  },
  /** wechatpy: an encrypted reply; MsgSignature, TimeStamp and Nonce are in the envelope. */
  {
    source: 'https://github.com/wechatpy/wechatpy/blob/master/tests/test_crypto.py',
    appId: 'wx49f0ab532d5d035a',
    token: '123456',
    aesKey: 'kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR',
    query: {
      timestamp: '1411525903',
      nonce: '461056294',
      msg_signature: '407518b7649e86ef23978113f92d27afa9296533',
    },
    body: '<xml>\n<Encrypt><![CDATA[9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzHrluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstttyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p9FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIkdQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kFxtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3]]></Encrypt>\n<MsgSignature><![CDATA[407518b7649e86ef23978113f92d27afa9296533]]></MsgSignature>\n<TimeStamp>1411525903</TimeStamp>\n<Nonce><![CDATA[461056294]]></Nonce>\n</xml>',
    plaintext:
      '<xml>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[test]]></Content>\n<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>\n<ToUserName><![CDATA[messense]]></ToUserName>\n<AgentID>1</AgentID>\n<CreateTime>1411525903</CreateTime>\n</xml>',
    valid: true,
  },
  /** EasyWeChat: an indented envelope. */
  {
    source: 'https://github.com/w7corp/easywechat/blob/6.x/tests/Kernel/EncryptorTest.php',
    appId: 'wxb11529c136998cb6',
    token: 'pamtest',
    aesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    query: {
      timestamp: '1458300676',
      nonce: '260774613',
      msg_signature: '4f3ad57b6989f09f4eb392acce4f9e93942ed890',
    },
    body: '<xml>\n    <ToUserName><![CDATA[asdasdasd]]></ToUserName>\n    <Encrypt><![CDATA[rTNFcsut4LfGuAFKEUVVpwcaCOTJzOd9twZdIW910jb3k+iicx2uvhttIZ3Qg9Qgty3BEF2xbOrz6boTfb30dMomcgrkTqdFPwnhqbk+kIQ7rZiwny9D7NUrTgA5kpX3KsZvrXzUZyP2x9YOlxbgm572lmxKvM7HAQQhIQ/p6HBmoY30bGXFK0BtIu1pW9TjhOYrLQoU18nWYjWqDA1ynkmOytpv7QRI1P1+0NoxL0q2zO1DgeSvnE8CZGo/o5Ap/WHK5W2RAsinpzN4/LjPnmB6U01I5XCoJoC0GK/yMZycd2Oh8Nq6+wBkC1U85oy0ktOY4nLvsQMLrourmMGdZHuTbqpeJ8Ao/5PRYJ+WBvRUwPfGKBL2+2IKZF49vAJqkcGWSHGE76ZN2erXeuNazf/o9o3lIE3q739o4c8t9QGPe31GT2Go/rOz1BsrASwvauNulCh+++yz+CQzBIuikA==]]></Encrypt>\n</xml>\n',
    plaintext:
      '<xml><URL><![CDATA[http://wechat.laravel.so/server]]></URL><ToUserName><![CDATA[asdasdasd]]></ToUserName><FromUserName><![CDATA[asdasdasdsadasd]]></FromUserName><CreateTime>1234567898</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hello]]></Content><MsgId>12345</MsgId></xml>',
    valid: true,
  },
  /** PowerWeChat: Chinese text to WeCom; their test names 1000005, the AgentID, as the AppID. */
  {
    source: 'https://github.com/ArtisanCloud/PowerWeChat/blob/master/src/kernel/Encryptor_test.go',
    appId: 'wwedab3d5fc43636d8',
    token: 'pcoLldqMu2WQQtYBeDX5HiXPsBFlTnDM',
    aesKey: 'CyjBvGm4tJNmcThkeL5Wajzom4jKlBygKtpTkYeqsnE',
    query: {
      timestamp: '1623301925',
      nonce: '1624217036',
      msg_signature: 'd728d2bea7e28585ebd14eacbd330d84073fe7f1',
    },
    body: '<xml><ToUserName><![CDATA[wwedab3d5fc43636d8]]></ToUserName><Encrypt><![CDATA[ZBY4h9SD1Y/v+ighMGU4yHSVWyMuf2UdQQfFuB8S/SY5il9MynR1rtKIJDG871vOqaCs0FVje6bX0VyhvL02PG7FXjRR+rAyiwVv7T7nBGgamkPeOv4n/jXgFQnY6NEt3Zym09t4aI+21pDcE6uN6JzcC+hxw5sBfVyza3NHyuLiyhvalsFbasA4HNcnK+4/3eZLMo+e6yvHUsY4WhmZWW5u5mHcDZm1jtI2fUtzod6Sx7PrCOhm+zUO1I98OD0EmICxHHMjMkGmSFuGhG8vXRKaRavzvV/fkscZK1HjW+XJOV0c9wYDZT+/LTjDS/yx5KkM5lIksiw57DsCro9gvmE1WdvB3bw3m+5ie2x1ZRSuh6ik1rbMTiXgJXt0MnbV8VsyPe1zhkbug1cwdhT9zcOTieb0oyiIl3wSAEkNNBNBaWB+78V1hM/ngMoZgKaaasJUCGtPH/rN+YnxGicDOg==]]></Encrypt><AgentID><![CDATA[1000005]]></AgentID></xml>',
    plaintext:
      '<xml><ToUserName><![CDATA[wwedab3d5fc43636d8]]></ToUserName><FromUserName><![CDATA[WangChaoYi]]></FromUserName><CreateTime>1623301925</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[密文测试]]></Content><MsgId>6972028683187026694</MsgId><AgentID>1000005</AgentID></xml>',
    valid: true,
  },
  /** Senparc: in pure secure mode, with an XML declaration. */
  {
    source:
      'https://github.com/JeffreySu/WeiXinMPSDK/blob/master/src/Senparc.Weixin.MP/Senparc.Weixin.MP.Test/MessageHandlers/MessageHandlersTest.cs',
    appId: 'wx669ef95216eef885',
    token: 'weixin',
    aesKey: 'mNnY5GekpChwqhy2c4NBH90g3hND6GeI4gii2YCvKLY',
    query: {
      timestamp: '1570032739',
      nonce: '2068872452',
      msg_signature: '20f4a1263d198b696e6958e0d65e928aa68f7d96',
    },
    body: '<?xml version="1.0" encoding="utf-8"?>\n<xml>\n    <ToUserName><![CDATA[gh_a96a4a619366]]></ToUserName>\n    <Encrypt><![CDATA[LasT9+F3u/TTDVh3wUdOXtaMF/uJe8kKvvzZ54avW/DU8pSuJFy815e2rAFBz8bHNK+271sLFLbwBLHr2BOAHS32irOMt8Pwza4tm6TU+C6zWS00SLeF1RPTCd2EyGawFu9jlYHkjxc9kX5PovDI6FoiPs3LcVU2kpu2wE/cdqHsVvt583C8ynagjq3DAh62B8E1Uz9I7lM56J6siW+m82OPFaRJfRSWO6pLuGj8LnBJp0sUah27jJ4COSYuc6VQaf/LaO2K5zDgXklDmDxw/6rQeY1gJLIRuoKLEVUOLaJN3UYTgEjJmAMd1vHbEF12Ex6YYxVRW280IWlLDixgLsvpBkrSUoqXAFmQfNcRJZf3Yr/MSGlpsoUVRfNP7iJ70OtzVU3lbKcMmnn5FbB0EHNzJJSBVM/XPLr9VD9Ac+g=]]></Encrypt>\n</xml>',
    valid: false,
    reason: 'neither the signature nor the padding is right',
  },
];

/** The SHA-1 of token, timestamp and nonce, and of the ciphertext if given, sorted. */
export type PushSignatureSample = {
  source: string;
  token: string;
  timestamp: string;
  nonce: string;
  encrypted?: string;
  signature: string;
};

/** Signatures without a message. */
export const PUSH_SIGNATURE_SAMPLES: readonly PushSignatureSample[] = [
  /** The official sample of the URL check; its echostr is 4375120948345356249. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html',
    token: 'AAAAA',
    timestamp: '1714036504',
    nonce: '1514711492',
    signature: 'f464b24fc39322e44b38aa78f5edd27bd1441696',
  },
  /** wechatpy: the nonce equals the token. */
  {
    source: 'https://github.com/wechatpy/wechatpy/blob/master/tests/test_utils.py',
    token: 'test',
    timestamp: '1410685589',
    nonce: 'test',
    signature: 'f21891de399b4e33a1a93c9a7b8a8fffb5a443ff',
  },
  /** wechat-crypto: words instead of numbers. */
  {
    source: 'https://github.com/node-webot/wechat-crypto/blob/master/test/crypto.test.js',
    token: 'RMNlACHlV5ThzfRlVS4D4',
    timestamp: 'timestamp',
    nonce: 'nonce',
    encrypted: 'encrypt',
    signature: '8edac0945683c119ee71c9f6256d76c48aa08a96',
  },
  /** SKIT: a message to WeCom; the key is unknown. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Work.UnitTests/TestCase_ToolsWxMsgCryptorTests.cs',
    token: 'ovAkP0Tb',
    timestamp: '1628737717',
    nonce: '1811081856',
    encrypted:
      'Q/jUxIL3/jRaFeTKesIr1QSq2SOEApDqlzcRrRM6Jlk4EbMBns3plPOR/W3gThOEq+zYI42fNSoIUb3cQwt9zyD1aLU/7D3WNLute7LQ9LSHjZEfVmx5zcIR9zvrUWGjhe1whTPH4e1WR6vbOYs8o/bDRF0vX/NcE4XK7P83Y6CzQiJoKbjVCne84s0zcw5eh+ZUDB55eaDHPSoS7kAC8kB00pfBoDF0jyfc8CUKLW97e72vJGyUWjZ0BvYN+R+tFjMgEzg/EN1imuuFnf40DMAcvB6y+C97TuaWjpgfRdowGWzn10JAFNukRfQqjdA0e2bfczJ7+t9w/t8/XSMADJOt1xbnP+I5cRX/r7ueBGmG/6ejP3myO9yTXHdujGvwrXHuWw+J7qD4VoUVjbm2vQ1qQKbrweKssr6O+3XSbanZ5R3n26EpN/gfgX+r6rcGViqsFop9Ai9xMnfJUubB6Q==',
    signature: '8128e41a38892d814e4aa67753425da9dc8ec2b3',
  },
  /** The reply in the official sample of secure mode. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html',
    token: 'AAAAA',
    timestamp: '1713424427',
    nonce: '415670741',
    encrypted: 'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==',
    signature: '1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1',
  },
  /** The reply in the official sample for a third-party platform. */
  {
    source:
      'https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html',
    token: 'AAAAA',
    timestamp: '1713424427',
    nonce: '415670741',
    encrypted:
      'hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7',
    signature: '03e0812039325c2712ef5f0f980fd14c70d6e307',
  },
];

/** The ciphertext follows from the 16 random bytes. */
export type PushCipherSample = {
  source: string;
  appId: string;
  aesKey: string;
  random: string;
  plaintext: string;
  encrypted: string;
};

/** Encryption with known random bytes. */
export const PUSH_CIPHER_SAMPLES: readonly PushCipherSample[] = [
  /** The official Java sample: Chinese text. */
  {
    source:
      'https://github.com/binarywang/WxJava/blob/develop/weixin-java-common/src/test/java/me/chanjar/weixin/common/util/crypto/WxCryptUtilTest.java',
    appId: 'wxb11529c136998cb6',
    aesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    random: 'aaaabbbbccccdddd',
    plaintext: '我是中文abcd123',
    encrypted: 'jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==',
  },
  /** The official Java sample: XML. */
  {
    source:
      'https://github.com/binarywang/WxJava/blob/develop/weixin-java-common/src/test/java/me/chanjar/weixin/common/util/crypto/WxCryptUtilTest.java',
    appId: 'wxb11529c136998cb6',
    aesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
    random: 'aaaabbbbccccdddd',
    plaintext:
      '<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>',
    encrypted:
      'jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb',
  },
  /** The reply in the official sample of secure mode. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html',
    appId: 'wxba5fad812f8e6fb9',
    aesKey: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    random: '707722b803182950',
    plaintext: '{"demo_resp":"good luck"}',
    encrypted: 'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==',
  },
  /** The reply in the official sample for a third-party platform, with its typing error in CDATA. */
  {
    source:
      'https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html',
    appId: 'wx134c8103faa5a59e',
    aesKey: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    random: '999951349e8ee746',
    plaintext: '<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>',
    encrypted:
      'hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7',
  },
];

/** An event about a user, unsigned; `wellFormed`: whether the body is XML or JSON as published. */
export type PushEventSample = {
  source: string;
  body: string;
  event: 'user_info_modified' | 'user_authorization_revoke' | 'user_authorization_cancellation';
  openId: string;
  appId: string;
  revoked: readonly string[];
  wellFormed: boolean;
};

/** The samples of the official pages and SKIT; none has a sample of user_authorization_cancellation. */
export const PUSH_EVENT_SAMPLES: readonly PushEventSample[] = [
  /** The official page, XML: with the fields of a plugin. */
  {
    source:
      'https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes',
    body: '<xml>\n  <ToUserName><![CDATA[gh_870882ca4b1]]></ToUserName>\n  <FromUserName><![CDATA[owAqB1v0ahK_Xlc7GshIDdf2yf7E]]></FromUserName>\n  <CreateTime>1626857200</CreateTime>\n  <MsgType><![CDATA[event]]></MsgType>\n  <Event><![CDATA[user_authorization_revoke]]></Event>\n  <OpenID><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></OpenID>\n  <AppID><![CDATA[wx13974bf780d3dc89]]></AppID>\n  <RevokeInfo><![CDATA[1]]></RevokeInfo>\n  <PluginID><![CDATA[wx13974bf780d3dc89]]></PluginID>\n  <OpenPID><![CDATA[G7esq5NVzP76HIHoB95t4CVBP6to]]></OpenPID>\n</xml>',
    event: 'user_authorization_revoke',
    openId: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
    appId: 'wx13974bf780d3dc89',
    revoked: ['1'],
    wellFormed: true,
  },
  /** The official page, JSON: OpenPID begins with a space. */
  {
    source:
      'https://developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/authorized_user_information_changes',
    body: '{\n  "ToUserName": "gh_870882ca4b1",\n  "FromUserName": "oaKk346BaWE-eIn4oSRWbaM9vR7s",\n  "CreateTime": 1627359464,\n  "MsgType": "event",\n  "Event": "user_authorization_revoke",\n  "OpenID": "oaKk343WOktAaT2ygsX138BGblrg",\n  "AppID": "wx13974bf780d3dc89",\n  "RevokeInfo": "1",\n  "PluginID": "wx13974bf780d3dc89",\n  "OpenPID": " G7esq5NVzP76HIHoB95t4CVBP6to"\n}',
    event: 'user_authorization_revoke',
    openId: 'oaKk343WOktAaT2ygsX138BGblrg',
    appId: 'wx13974bf780d3dc89',
    revoked: ['1'],
    wellFormed: true,
  },
  /** The older official page, XML: a space in the tag of OpenPID, so it is not well-formed. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/security.html',
    body: '<xml>\n\n<ToUserName><![CDATA[gh_870882ca4b1]]></ToUserName>\n\n<FromUserName><![CDATA[owAqB1v0ahK_Xlc7GshIDdf2yf7E]]></FromUserName>\n\n<CreateTime>1626857200</CreateTime>\n\n<MsgType><![CDATA[event]]></MsgType>\n\n<Event><![CDATA[user_authorization_revoke]]></Event>\n\n<OpenID><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></OpenID>\n\n<AppID><![CDATA[wx13974bf780d3dc89]]></AppID>\n\n<RevokeInfo><![CDATA[1]]></RevokeInfo>\n\n<PluginID><![CDATA[wx13974bf780d3dc89]]></PluginID>\n\n< OpenPID><![CDATA[G7esq5NVzP76HIHoB95t4CVBP6to]]></OpenPID>\n\n</xml>',
    event: 'user_authorization_revoke',
    openId: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
    appId: 'wx13974bf780d3dc89',
    revoked: ['1'],
    wellFormed: false,
  },
  /** The older official page, JSON. */
  {
    source: 'https://developers.weixin.qq.com/miniprogram/dev/framework/security.html',
    body: '{\n\n"ToUserName": "gh_870882ca4b1",\n\n"FromUserName": "oaKk346BaWE-eIn4oSRWbaM9vR7s",\n\n"CreateTime": 1627359464,\n\n"MsgType": "event",\n\n"Event": "user_authorization_revoke",\n\n"OpenID": "oaKk343WOktAaT2ygsX138BGblrg",\n\n"AppID": "wx13974bf780d3dc89",\n\n"RevokeInfo": "1",\n\n"PluginID": "wx13974bf780d3dc89",\n\n"OpenPID": " G7esq5NVzP76HIHoB95t4CVBP6to"\n\n}',
    event: 'user_authorization_revoke',
    openId: 'oaKk343WOktAaT2ygsX138BGblrg',
    appId: 'wx13974bf780d3dc89',
    revoked: ['1'],
    wellFormed: true,
  },
  /** The official page for service accounts, XML: without the fields of a plugin. */
  {
    source: 'https://developers.weixin.qq.com/doc/service/guide/h5/authorization_change.html',
    body: '<xml>\n\n<ToUserName><![CDATA[gh_870882ca4b1]]></ToUserName>\n\n<FromUserName><![CDATA[owAqB1v0ahK_Xlc7GshIDdf2yf7E]]></FromUserName>\n\n<CreateTime>1626857200</CreateTime>\n\n<MsgType><![CDATA[event]]></MsgType>\n\n<Event><![CDATA[user_authorization_revoke]]></Event>\n\n<OpenID><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></OpenID>\n\n<AppID><![CDATA[wx13974bf780d3dc89]]></AppID>\n\n<RevokeInfo><![CDATA[1]]></RevokeInfo>\n\n</xml>',
    event: 'user_authorization_revoke',
    openId: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
    appId: 'wx13974bf780d3dc89',
    revoked: ['1'],
    wellFormed: true,
  },
  /** The official page for service accounts, JSON: names begin with a space, and a comma at the end. */
  {
    source: 'https://developers.weixin.qq.com/doc/service/guide/h5/authorization_change.html',
    body: '{\n\n"ToUserName": "gh_870882ca4b1",\n\n"FromUserName": "oaKk346BaWE-eIn4oSRWbaM9vR7s",\n\n"CreateTime": 1627359464,\n\n"MsgType": "event",\n\n"Event": "user_authorization_revoke",\n\n" OpenID": "oaKk343WOktAaT2ygsX138BGblrg",\n\n" AppID": "wx13974bf780d3dc89",\n\n" RevokeInfo": "201",\n\n}',
    event: 'user_authorization_revoke',
    openId: 'oaKk343WOktAaT2ygsX138BGblrg',
    appId: 'wx13974bf780d3dc89',
    revoked: ['201'],
    wellFormed: false,
  },
  /** The official page for websites, JSON: all permissions of an app are revoked. */
  {
    source: 'https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/authorization_change.md',
    body: '{\n    "ToUserName": "gh_870882ca4b1",\n    "FromUserName": "oaKk346BaWE-eIn4oSRWbaM9vR7s",\n    "CreateTime": 1627359464,\n    "MsgType": "event",\n    "Event": "user_authorization_revoke",\n    "OpenID": "oaKk343WOktAaT2ygsX138BGblrg",\n    "AppID": "wx13974bf780d3dc89",\n    "RevokeInfo": "301"\n}',
    event: 'user_authorization_revoke',
    openId: 'oaKk343WOktAaT2ygsX138BGblrg',
    appId: 'wx13974bf780d3dc89',
    revoked: ['301'],
    wellFormed: true,
  },
  /** SKIT, XML: indented. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/EventSamples/MpPush/UserAuthorizationRevokeEvent.xml',
    body: '<xml>\n    <ToUserName><![CDATA[gh_870882ca4b1]]></ToUserName>\n    <FromUserName><![CDATA[owAqB1v0ahK_Xlc7GshIDdf2yf7E]]></FromUserName>\n    <CreateTime>1626857200</CreateTime>\n    <MsgType><![CDATA[event]]></MsgType>\n    <Event><![CDATA[user_authorization_revoke]]></Event>\n    <OpenID><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></OpenID>\n    <AppID><![CDATA[wx13974bf780d3dc89]]></AppID>\n    <RevokeInfo><![CDATA[1]]></RevokeInfo>\n</xml>',
    event: 'user_authorization_revoke',
    openId: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
    appId: 'wx13974bf780d3dc89',
    revoked: ['1'],
    wellFormed: true,
  },
  /** SKIT, JSON. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/EventSamples/MpPush/UserAuthorizationRevokeEvent.json',
    body: '{\n    "ToUserName": "gh_870882ca4b1",\n    "FromUserName": "oaKk346BaWE-eIn4oSRWbaM9vR7s",\n    "CreateTime": 1627359464,\n    "MsgType": "event",\n    "Event": "user_authorization_revoke",\n    "OpenID": "oaKk343WOktAaT2ygsX138BGblrg",\n    "AppID": "wx13974bf780d3dc89",\n    "RevokeInfo": "201"\n}',
    event: 'user_authorization_revoke',
    openId: 'oaKk343WOktAaT2ygsX138BGblrg',
    appId: 'wx13974bf780d3dc89',
    revoked: ['201'],
    wellFormed: true,
  },
  /** SKIT, XML: openid and appid in lower case, without RevokeInfo. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/EventSamples/OpenPush/UserInfoModifiedEvent.xml',
    body: '<xml>\n    <ToUserName><![CDATA[gh_SDK_870882ca4b1]]></ToUserName>\n    <FromUserName><![CDATA[owAqB1v0ahK_Xlc7GshIDdf2yf7E]]></FromUserName>\n    <CreateTime>1626857200</CreateTime>\n    <MsgType><![CDATA[event]]></MsgType>\n    <Event><![CDATA[user_info_modified]]></Event>\n    <openid><![CDATA[owAqB1nqaOYYWl0Ng484G2z5NIwU]]></openid>\n    <appid><![CDATA[wx13974bf780d3dc89]]></appid>\n</xml>',
    event: 'user_info_modified',
    openId: 'owAqB1nqaOYYWl0Ng484G2z5NIwU',
    appId: 'wx13974bf780d3dc89',
    revoked: [],
    wellFormed: true,
  },
  /** SKIT, JSON: openid and appid in lower case, without RevokeInfo. */
  {
    source:
      'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/blob/main/test/SKIT.FlurlHttpClient.Wechat.Api.UnitTests/EventSamples/OpenPush/UserInfoModifiedEvent.json',
    body: '{\n    "ToUserName": "gh_SDK_870882ca4b1",\n    "FromUserName": "oaKk346BaWE-eIn4oSRWbaM9vR7s",\n    "CreateTime": 1627359464,\n    "MsgType": "event",\n    "Event": "user_info_modified",\n    "openid": "oaKk343WOktAaT2ygsX138BGblrg",\n    "appid": "wx13974bf780d3dc89"\n}',
    event: 'user_info_modified',
    openId: 'oaKk343WOktAaT2ygsX138BGblrg',
    appId: 'wx13974bf780d3dc89',
    revoked: [],
    wellFormed: true,
  },
];
