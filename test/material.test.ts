import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encryptPush } from '../src/sandbox/encrypt.ts';
import { createDataDecryptor } from '../src/wechat/encrypted-data.ts';
import { consistentPhoneInfo, phoneInfo } from '../src/wechat/phone-info.ts';
import { createPushReader } from '../src/wechat/push-messages.ts';
import { isRawDataSignature, pushSignature, sessionKeyProof } from '../src/wechat/signature.ts';
import { ENCRYPTED_SAMPLES } from './material/encrypted.ts';
import { PHONE_PAYLOADS } from './material/phones.ts';
import { RAW_DATA_SAMPLES, SESSION_KEY_PROOF_SAMPLE } from './material/profiles.ts';
import {
  PUSH_CIPHER_SAMPLES,
  PUSH_EVENT_SAMPLES,
  PUSH_SAMPLES,
  PUSH_SIGNATURE_SAMPLES,
} from './material/pushes.ts';
import { PUSH_TOKEN } from './support/canaries.ts';

/** Payloads and vectors that WeChat and SDKs publish, each with its source, against the functions of the server. */

test.for(RAW_DATA_SAMPLES)('the signature of rawData is valid or not as published: $source', (sample) => {
  const { signature, rawData, sessionKey, valid } = sample;
  expect(isRawDataSignature(signature, rawData, sessionKey)).toBe(valid);
});

test('the proof of a session_key uses its text as the key, as in the official sample of another body', () => {
  const { sessionKey, body, signature } = SESSION_KEY_PROOF_SAMPLE;
  expect(sessionKeyProof(sessionKey, body)).toBe(signature);
});

test.for(ENCRYPTED_SAMPLES)('encrypted data is decrypted if it is valid: $source', (sample) => {
  const { appId, sessionKey, encryptedData, iv, plaintext = '{"watermark":{"timestamp":0}}' } = sample;
  const { watermark } = JSON.parse(plaintext);
  const decryptor = createDataDecryptor(() => (watermark.timestamp + 60) * 1000);
  const { data, fault } = decryptor.decrypt(
    z.looseObject({}),
    { encryptedData, iv },
    sessionKey,
    appId ?? 'wx',
  );
  if (sample.valid) expect(data).toEqual(JSON.parse(plaintext));
  else if (sample.plaintext === undefined) expect(fault).toMatch(/^(UNREADABLE|MALFORMED)$/);
  else expect(consistentPhoneInfo.safeParse(JSON.parse(sample.plaintext)).success).toBe(false);
});

test.for(PHONE_PAYLOADS)(
  'the phone number $phoneInfo.phoneNumber is $number: $source',
  ({ phoneInfo: raw, number }) => {
    expect(phoneInfo.safeParse(raw).data?.number ?? null).toBe(number);
  },
);

test.for<[string, string, string | number, string]>([
  ['+1-2025550123', '2025550123', '1', '+12025550123'],
  ['+1-2025550123', '2025550123', '86', '+12025550123'],
  ['+61+412345678', '412345678', 61, '+61412345678'],
  ['+85251234567', '51234567', '852', '+85251234567'],
  ['85251234567', '51234567', '852', '+85251234567'],
  ['85251234567', '51234567', '86', '+85251234567'],
  ['51234567', '51234567', '852', '+85251234567'],
  ['13800138000', '13800138000', '852', '+8613800138000'],
  // American numbers with country code look like Chinese ones.
  ['13105550123', '3105550123', '1', '+13105550123'],
  ['13105550123', '3105550123', 1, '+13105550123'],
  ['13800138000', '13800138000', 86, '+8613800138000'],
  ['13800138000', '', '', '+8613800138000'],
  ['+86 138 0013 8000', '13800138000', '86', '+8613800138000'],
  ['8613800138000', '13800138000', '86', '+8613800138000'],
  ['', '13800138000', '+86', '+8613800138000'],
  ['+7 701 234 56 78', '7012345678', '7', '+77012345678'],
  // The plus decides, although the number looks Chinese.
  [' +13105550123', '3105550123', '86', '+13105550123'],
  ['8613800138000', '13800138000', '852', '+8613800138000'],
  ['13800138000', '13800138000', '', '+8613800138000'],
  // Too long for a Chinese number.
  ['131055501234', '', '', '+131055501234'],
  ['51234567', '', '852', '+85251234567'],
  ['85251234567', '', '852', '+85251234567'],
  // With a trunk prefix.
  ['07911123456', '7911123456', '44', '+447911123456'],
])(
  'the phone number %j, %j with country code %j is %s',
  ([phoneNumber, purePhoneNumber, countryCode, number]) => {
    const phone = phoneInfo.parse({ phoneNumber, purePhoneNumber, countryCode });
    expect(phone.number).toBe(number);
    expect(number.startsWith(`+${phone.countryCode}`)).toBe(true);
  },
);

test.each([
  { phoneNumber: '', purePhoneNumber: '', countryCode: '86' },
  { phoneNumber: '186****5613', purePhoneNumber: '186****5613', countryCode: '86' },
  { phoneNumber: '+0123456789', purePhoneNumber: '', countryCode: '' },
  { phoneNumber: '+831234567', purePhoneNumber: '31234567', countryCode: '8' },
  { phoneNumber: '1'.repeat(20), purePhoneNumber: '1'.repeat(20), countryCode: '1' },
  {},
])('no number is read from %j', (raw) => {
  expect(phoneInfo.safeParse(raw).success).toBe(false);
});

test.each([
  [{ phoneNumber: '13800138000', purePhoneNumber: '13800138000', countryCode: '86' }, true],
  [{ phoneNumber: '+85251234567', purePhoneNumber: '51234567', countryCode: '852' }, true],
  [{ phoneNumber: '13800138000', purePhoneNumber: '', countryCode: '86' }, false],
  [{ phoneNumber: '13800138000', purePhoneNumber: '13800138001', countryCode: '86' }, false],
  [{ phoneNumber: '13800138000', purePhoneNumber: '13800138000', countryCode: '852' }, false],
  [{ phoneNumber: '186****5613', purePhoneNumber: '186****5613', countryCode: '' }, false],
  [{ phoneNumber: '123', purePhoneNumber: '123', countryCode: '86' }, false],
])('the fields of %j agree: %s', (raw, agrees) => {
  expect(consistentPhoneInfo.safeParse(raw).success).toBe(agrees);
});

describe('pushes', () => {
  test.for(PUSH_SIGNATURE_SAMPLES)('a published signature is ours: $source', (sample) => {
    const { token, timestamp, nonce, encrypted, signature } = sample;
    const parts = [token, timestamp, nonce, ...(encrypted === undefined ? [] : [encrypted])];
    expect(pushSignature(...parts)).toBe(signature);
  });

  test.for(PUSH_SAMPLES)('a published push is verified and read: $source', (sample) => {
    const { appId, token, aesKey, query, body, plaintext, valid } = sample;
    const reader = createPushReader([{ appId, token, aesKey }], () => Number(query.timestamp) * 1000);
    const parameters = new URLSearchParams(query);
    if (query.signature !== undefined) expect(reader.verify(appId, parameters)).toBeNull();
    const message = reader.read(appId, parameters, body);
    if (!valid) expect(message).toBe('FORGED');
    // Pushes for third-party platforms have an InfoType instead of a MsgType.
    else if (plaintext?.includes('InfoType')) expect(message).toBe('MALFORMED');
    else
      expect(message).toMatchObject({ name: (plaintext ?? body).includes('debug_demo') ? 'debug_demo' : '' });
  });

  test.for(PUSH_SAMPLES.filter(({ aesKey, valid }) => aesKey && valid))(
    'a published push with a byte of its ciphertext changed is forged: $source',
    ({ appId, token, aesKey, query, body }) => {
      const reader = createPushReader([{ appId, token, aesKey }], () => Number(query.timestamp) * 1000);
      const changed = body.replace(
        /(Encrypt(?:>|"\s*:\s*").{0,40}?)([A-Za-z])(?=[A-Za-z0-9+/]{8})/s,
        (_, head, letter) => `${head}${letter === 'A' ? 'B' : 'A'}`,
      );
      expect(changed).not.toBe(body);
      expect(reader.read(appId, new URLSearchParams(query), changed)).toBe('FORGED');
    },
  );

  test.for(PUSH_CIPHER_SAMPLES)('the sandbox encrypts like WeChat: $source', (sample) => {
    const { appId, aesKey, random, plaintext, encrypted } = sample;
    expect(encryptPush(plaintext, appId, aesKey, Buffer.from(random))).toBe(encrypted);
  });

  test.for(PUSH_EVENT_SAMPLES)('a published $event is read: $source', (sample) => {
    const { appId, event, openId, revoked, body, wellFormed } = sample;
    const reader = createPushReader([{ appId, token: PUSH_TOKEN }], Date.now);
    const message = reader.read(appId, new URLSearchParams(), body);
    if (!wellFormed && body.startsWith('{')) expect(message).toBe('MALFORMED');
    else expect(message).toMatchObject({ name: event, openId, revoked });
  });
});
