import { z } from 'zod';

/** `number` is E.164, such as +8613800000000; `countryCode` is its beginning, without the plus. */
export type WeChatPhone = { number: string; countryCode: string };

const anyText = z
  .union([z.string(), z.int().nonnegative().transform(String)])
  .nullish()
  .transform((text) => text ?? '');

/** As WeChat sends it: strings or numbers, with or without country code, plus signs, spaces and dashes. */
const rawPhoneInfo = z
  .object({ phoneNumber: anyText, purePhoneNumber: anyText, countryCode: anyText })
  .transform(({ phoneNumber, purePhoneNumber, countryCode }) => ({
    hasPlus: phoneNumber.trim().startsWith('+'),
    full: digitsOf(phoneNumber),
    pure: digitsOf(purePhoneNumber),
    country: digitsOf(countryCode),
  }));

type RawPhoneInfo = z.infer<typeof rawPhoneInfo>;

const phone = z.custom<WeChatPhone>((value) => value !== null);

/**
 * A phone number in any format that WeChat was seen to send.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
 */
export const phoneInfo = rawPhoneInfo.transform(readPhone).pipe(phone);

/** A phone number whose three fields agree: for encrypted data, which is not authenticated. */
export const consistentPhoneInfo = rawPhoneInfo
  .transform((raw) => {
    const read = readPhone(raw);
    return raw.pure !== '' && raw.full.endsWith(raw.pure) && read?.countryCode === raw.country ? read : null;
  })
  .pipe(phone);

const CHINA = '86';
const CHINESE_MOBILE = /^1[3-9]\d{9}$/;

/**
 * phoneNumber decides: it has the country code unless it is Chinese (1 310 555 0123 only looks so). countryCode was seen
 * to be that of the place instead of the number, so it counts only if phoneNumber has none.
 */
function readPhone({ hasPlus, full, pure, country }: RawPhoneInfo): WeChatPhone | null {
  if (hasPlus) return toPhone(full);
  const isForeign = country !== '' && full === country + pure;
  if (CHINESE_MOBILE.test(full) && !isForeign) return toPhone(CHINA + full);
  const hasCountryCode = pure === '' ? full.startsWith(country) : full !== pure;
  return (hasCountryCode ? toPhone(full) : null) ?? toPhone(country + (pure || full));
}

const E164_DIGITS = /^[1-9]\d{6,14}$/;

/**
 * The country codes; none is the beginning of another.
 * Source: https://www.itu.int/pub/T-SP-E.164D
 */
const COUNTRY_CODE =
  /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-689]\d|3[578]\d|42\d|5[09]\d|6[7-9]\d|8[058]\d|9[679]\d)/;

/** @param digits with country code */
function toPhone(digits: string): WeChatPhone | null {
  const countryCode = COUNTRY_CODE.exec(digits)?.[0];
  return countryCode && E164_DIGITS.test(digits) ? { number: `+${digits}`, countryCode } : null;
}

/** Empty if the text is not a number, such as a masked one. */
function digitsOf(text: string): string {
  return /^[\d\s()+-]*$/.test(text) ? text.replace(/\D/g, '') : '';
}
