import { type ClientErrorCode, type ErrorAction, RequestError } from './errors.mts';
import type { Request, Storage } from './types.mts';

/** The part of the global `wx` that the client uses. */
export type Wx = Storage & {
  request: Request;
  login(options: {
    success: (response: { code: string }) => void;
    fail: (reason: { errMsg: string }) => void;
  }): void;
};

declare const setTimeout: (callback: () => void, milliseconds: number) => number;
declare const clearTimeout: (timer: number | undefined) => void;

export const DEFAULT_TIMEOUT_MS = 15000;
/** Waits a little longer, because timers can fire early. Returns at once if the platform has no timers. */
export function wait(seconds = 1): Promise<void> {
  return new Promise((resolve) => {
    if (!startTimer(resolve, seconds * 1000)) resolve();
  });
}

/**
 * Calls a function of the platform, with a time limit if the platform has timers.
 * @param code the code of the error if it fails, throws or exceeds the time limit
 * @throws {RequestError}
 */
export function callPlatform<Result>(
  code: ClientErrorCode,
  milliseconds: number,
  start: (resolve: (result: Result) => void, reject: (reason: unknown) => void) => void,
  requestId?: string,
): Promise<Result> {
  let timer: number | undefined;
  let action: ErrorAction = 'STOP';
  const work = new Promise<Result>((resolve, reject) => {
    timer = startTimer(() => reject({ errMsg: 'timeout' }), milliseconds);
    start(resolve, reject);
    action = 'RETRY_LATER';
  }).catch((reason) => {
    const { message, errMsg = message, errno } = Object(reason);
    throw new RequestError(errMsg, { code, action, errno, requestId });
  });
  return always(work, () => clearTimeout(timer));
}

/** `finally`, which base libraries below 2.16.1 lack. What the callback throws is ignored. */
export function always<Result>(work: Promise<Result>, callback: () => void): Promise<Result> {
  work.then(callback, callback).catch(noop);
  return work;
}

/** Starts a timer that is a tenth longer; returns undefined if the platform has no timers. */
function startTimer(callback: () => void, milliseconds: number): number | undefined {
  try {
    return setTimeout(callback, milliseconds * 1.1);
  } catch (_noTimers) {}
}

export function noop(): undefined {}
