import { errorBody } from '../errors/client-error.ts';
import type { ErrorCode } from '../errors/codes.ts';

/** A response before the headers that every response has. */
export type Reply = {
  status: number;
  headers?: Record<string, string>;
  /** Values of Set-Cookie, one header each. */
  cookies?: readonly string[];
  body?: string | Buffer;
};

export const JSON_TYPE = 'application/json; charset=utf-8';

export function jsonReply(status: number, value: unknown): Reply {
  return { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(value) };
}

export function textReply(status: number, text: string): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

export function errorReply(status: number, code: ErrorCode, message: string): Reply {
  return { status, headers: { 'content-type': JSON_TYPE }, body: errorBody(code, message) };
}
