import type { Request, Storage } from './types.mts';

/** The part of the global `wx` that the client uses. */
export type Wx = Storage & {
  request: Request;
  login(options: {
    timeout: number;
    success: (response: { code: string }) => void;
    fail: (reason: { errMsg: string }) => void;
  }): void;
};

declare const setTimeout: (callback: () => void, milliseconds: number) => unknown;

export const DEFAULT_TIMEOUT_MS = 15000;

/** Waits 2 % longer, because timers can fire early. Returns at once if the platform has no timers. */
export function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    try {
      setTimeout(resolve, seconds * 1020);
    } catch (_noTimers) {
      resolve();
    }
  });
}

export function noop(): undefined {}
