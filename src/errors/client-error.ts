import { GraphQLError } from 'graphql';
import { ERROR_CODES, type ErrorAction, type ErrorCode, type ErrorTable } from './codes.ts';

export type ErrorDetail = {
  /** Seconds. */
  retryAfter?: number | undefined;
  /** What WeChat returned, for its support. */
  wechat?: { errcode: number; rid?: string | undefined } | undefined;
};

/** The action of a module's code is added with the other errors of the result. */
type ErrorExtensions = ErrorDetail & { code: ErrorCode; action: ErrorAction | undefined };

const CORE_CODES: ErrorTable = ERROR_CODES;

/** An error for the client, to be thrown by a resolver. */
export function clientError(code: ErrorCode, message: string, detail: ErrorDetail = {}): GraphQLError {
  return new GraphQLError(message, { extensions: extensionsOf(code, detail) });
}

/** The response body for an error outside GraphQL execution. */
export function errorBody(code: ErrorCode, message: string, detail?: ErrorDetail): string {
  return JSON.stringify({ errors: [{ message, extensions: extensionsOf(code, detail) }] });
}

function extensionsOf(code: ErrorCode, { retryAfter, wechat }: ErrorDetail = {}): ErrorExtensions {
  return { code, action: CORE_CODES[code]?.action, retryAfter, wechat };
}
