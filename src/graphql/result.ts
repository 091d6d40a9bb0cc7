import { GraphQLError } from 'graphql';
import { ERROR_CODES, type ErrorTable } from '../errors/codes.ts';
import type { Log } from '../ops/log.ts';
import { logFailure, toClientError } from './failures.ts';
import { publicMessage } from './messages.ts';

type Result = { errors?: readonly unknown[] };

/** How errors are finished. */
export type Finishing = {
  /** Whether errors may suggest names ("Did you mean"). */
  suggestions: boolean;
  /** Of the core and of modules. */
  errorCodes: ErrorTable;
};

/** @param log with the request id */
export type ResultOptions = Finishing & { log: Log };

/**
 * Finishes the errors of a result: internal failures are logged and replaced, errors of graphql-js and Yoga get their
 * missing code and action.
 */
export function finishResult<R extends Result>(result: R, options: ResultOptions): R {
  if (!result.errors) return result;
  return { ...result, errors: result.errors.map((error) => finishFailure(error, options)) };
}

/** Marks an error that rejects the whole request with an HTTP status. Yoga reads the mark and removes it. */
export function withHttpStatus({ message, extensions }: GraphQLError, status: number): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, http: { status } } });
}

/** Finishes one error of a result. */
export function finishError(
  error: GraphQLError,
  { log, suggestions, errorCodes }: ResultOptions,
): GraphQLError {
  const failure = failureIn(error);
  if (failure !== undefined) {
    logFailure(failure, log);
    return atPositionOf(error, toClientError(failure));
  }
  // Yoga sets originalError for a request that gets status 400; it quotes the request.
  const { originalError, ...extensions } = error.extensions;
  const { code, action } = codeOf(error, errorCodes);
  const message = publicMessage(error.message, suggestions);
  const http = originalError === undefined ? {} : { http: { status: 400 } };
  const finished = new GraphQLError(message, {
    extensions: { ...extensions, ...http, code, action },
  });
  return atPositionOf(error, finished);
}

/** Finishes what was thrown outside of GraphQL execution. */
export function finishFailure(error: unknown, options: ResultOptions): GraphQLError {
  return finishError(toGraphQLError(error), options);
}

function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new TypeError('thrown value is not an Error');
  return new GraphQLError('', { originalError });
}

/** The error that a resolver threw; undefined if it is a client error. */
function failureIn(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return error;
  return failureIn(error.originalError);
}

function atPositionOf(
  { source, positions, path }: GraphQLError,
  { message, extensions }: GraphQLError,
): GraphQLError {
  return new GraphQLError(message, {
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}

/** Yoga adds codes to errors of parsing and validation. Those of graphql-js for invalid variables have none. */
function codeOf({ extensions: { code: given } }: GraphQLError, errorCodes: ErrorTable) {
  const code = typeof given === 'string' ? given : 'BAD_USER_INPUT';
  const known = Object.hasOwn(errorCodes, code) ? errorCodes[code] : undefined;
  return known
    ? { code, action: known.action }
    : { code: 'BAD_REQUEST', action: ERROR_CODES.BAD_REQUEST.action };
}
