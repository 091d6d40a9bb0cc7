/**
 * The codes of the bench, `<milliseconds>-<user number>-<serial>`: they say whom they log in and how long WeChat takes.
 * bench/load.lua writes the same.
 */
export type Code = { delayMs: number; user: number; serial: number };

const CODE = /^(\d{3})-(\d{9})-(\d{12})$/;

export function writeCode({ delayMs, user, serial }: Code): string {
  return [pad(delayMs, 3), pad(user, 9), pad(serial, 12)].join('-');
}

export function parseCode(code: string): Code | undefined {
  const [, delayMs, user, serial] = CODE.exec(code) ?? [];
  if (delayMs === undefined) return undefined;
  return { delayMs: Number(delayMs), user: Number(user), serial: Number(serial) };
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
