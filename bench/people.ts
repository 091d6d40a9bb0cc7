import { createHash } from 'node:crypto';

/** User number `n` of the table: always the same, so that the bench, WeChat and the checks agree. */
export type Person = {
  id: string;
  openId: string;
  nickName: string;
  avatarUrl: string;
  gender: number;
  city: string;
  createdAt: Date;
};

const FIRST_LOGIN = Date.UTC(2026, 0, 1);
const CITIES = ['Shenzhen', 'Guangzhou', 'Hangzhou', 'Chengdu'] as const;

export function person(n: number): Person {
  const createdAt = FIRST_LOGIN + n * 10;
  return {
    id: uuidv7(createdAt, digest(`id ${n}`).toString('hex')),
    openId: openIdOf(n),
    nickName: `微信用户${n}`,
    avatarUrl: `https://thirdwx.qlogo.cn/mmopen/vi_32/${digest(`avatar ${n}`).toString('base64url')}/132`,
    gender: n % 3,
    city: CITIES[n % CITIES.length] ?? '',
    createdAt: new Date(createdAt),
  };
}

/** 28 characters, in no order, like those of WeChat. */
export function openIdOf(n: number): string {
  return `o${digest(`openid ${n}`).toString('base64url').slice(0, 27)}`;
}

function digest(text: string): Buffer {
  return createHash('sha1').update(text).digest();
}

/** In the order of the first login. */
function uuidv7(milliseconds: number, random: string): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`;
}
