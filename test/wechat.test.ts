import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APP_SECRET } from './support/canaries.ts';
import { DATABASES } from './support/databases.ts';
import { APP_ID, codeOf, type Product, startProduct } from './support/product.ts';

const OPENID = 'oUpO90f_abc-DEF0123456789abc';
const KEY = 'Q0FOQVJZc2tz+/8BAgMEBQ==';
const GOOD = JSON.stringify({ session_key: KEY, openid: OPENID }).replaceAll('/', '\\/');

describe('jscode2session as the real WeChat responds', () => {
  let product: Product;
  let requests: IncomingMessage[] = [];
  let reply: (response: ServerResponse) => void = () => undefined;
  const wechat = createServer((request, response) => {
    requests.push(request);
    reply(response);
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => wechat.listen(0, '127.0.0.1', resolve));
    const address = wechat.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    product = await startProduct((await DATABASES[0]?.create()) ?? '', {
      WECHAT_API_URL: `http://127.0.0.1:${port}`,
      WECHAT_TIMEOUT_MS: '300',
    });
  });
  afterAll(async () => {
    await product.close();
    wechat.closeAllConnections();
    wechat.close();
  });

  const answering = (body: string, type = 'text/plain') => {
    requests = [];
    reply = (response) => response.writeHead(200, { 'content-type': type }).end(body);
  };
  const login = (code = 'CANARYcode0123') => product.login(code);

  test('the request is a GET with the four parameters, encoded, and nothing else', async () => {
    answering(GOOD);
    expect((await login('a=b+c:d~e==')).errors).toBeUndefined();
    const [request] = requests;
    expect(request?.method).toBe('GET');
    const { pathname, searchParams } = new URL(request?.url ?? '', 'http://wechat');
    expect(pathname).toBe('/sns/jscode2session');
    expect(Object.fromEntries(searchParams)).toEqual({
      appid: APP_ID,
      secret: APP_SECRET,
      js_code: 'a=b+c:d~e==',
      grant_type: 'authorization_code',
    });
  });

  test.each<[string, string, string?]>([
    ['text/plain, without errcode, slashes escaped', GOOD],
    ['application/json', GOOD, 'application/json'],
    ['errcode 0', GOOD.replace('{', '{"errcode":0,"errmsg":"ok",')],
    ['errcode "0" as a text', GOOD.replace('{', '{"errcode":"0",')],
    ['an empty unionid', GOOD.replace('{', '{"unionid":"",')],
    ['no unionid, spelt out', GOOD.replace('{', '{"unionid":null,')],
    ['fields that nobody knows', GOOD.replace('{', '{"new_field":{"a":1},')],
  ])('a success is taken: %s', async (_, body, type) => {
    answering(body, type);
    const { data, errors } = await login();
    expect(errors).toBeUndefined();
    expect(data?.login.user.openId).toBe(OPENID);
  });

  test.each<[string, string, string]>([
    [
      'a number',
      '{"errcode":40029,"errmsg":"invalid code, rid: 6a1b2c3d-0a0b0c0d-11223344"}',
      '6a1b2c3d-0a0b0c0d-11223344',
    ],
    [
      'a text',
      '{"errcode":"40029","errmsg":"invalid code, rid: 6a1b2c3d-0a0b0c0d-11223344"}',
      '6a1b2c3d-0a0b0c0d-11223344',
    ],
    [
      'with the older hints',
      '{"errcode":40029,"errmsg":"invalid code, hints: [ req_id: IJKfBlKhRa-abc ]"}',
      'IJKfBlKhRa-abc',
    ],
  ])('an errcode is read as %s, with the rid', async (_, body, rid) => {
    answering(body);
    expect((await login()).errors?.[0]?.extensions).toEqual({
      code: 'WECHAT_CODE_INVALID',
      action: 'RELOGIN',
      wechat: { errcode: 40029, rid },
    });
  });

  test.each<[string, string]>([
    ['an error although there is an openid', GOOD.replace('{', '{"errcode":-1,')],
    ['a list', '[]'],
    ['no session_key', JSON.stringify({ openid: OPENID })],
    ['an openid with a space at the end', GOOD.replace(OPENID, `${OPENID} `)],
    ['an openid that is no text', '{"openid":1,"session_key":"x"}'],
    ['a body of 100 KB', GOOD + ' '.repeat(100_000)],
  ])('%s is WECHAT_UNAVAILABLE, and the code was sent once', async (_, body) => {
    answering(body);
    const answer = await login();
    expect(codeOf(answer)).toBe('WECHAT_UNAVAILABLE');
    expect(answer.errors?.[0]?.extensions.action).toBe('RETRY_LATER');
    expect(requests).toHaveLength(1);
  });
});
