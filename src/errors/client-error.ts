import { GraphQLError } from 'graphql';
import { ERROR_CODES, type ErrorAction, type ErrorCode } from './codes.ts';

export type ErrorDetail = {
  /** Seconds. */
  retryAfter?: number | undefined;
  /** What WeChat returned, for its support. */
  wechat?: { errcode: number; rid?: string | undefined } | undefined;
};

type ErrorExtensions = ErrorDetail & { code: ErrorCode; action: ErrorAction };

/** An error for the client, to be thrown by a resolver. */
export function clientError(code: ErrorCode, message: string, detail: ErrorDetail = {}): GraphQLError {
  return new GraphQLError(message, { extensions: extensionsOf(code, detail) });
}

/** The response body for an error outside GraphQL execution. */
export function errorBody(code: ErrorCode, message: string, detail?: ErrorDetail): string {
  return JSON.stringify({ errors: [{ message, extensions: extensionsOf(code, detail) }] });
}

function extensionsOf(code: ErrorCode, { retryAfter, wechat }: ErrorDetail = {}): ErrorExtensions {
  return { code, action: ERROR_CODES[code].action, retryAfter, wechat };
}
