import type { IncomingHttpHeaders } from 'node:http';
import type { OperationDefinitionNode } from 'graphql';
import { inSpan } from '../common/tracing.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { User } from '../storage/user-types.ts';

export type OperationDescription = { name: string | null; type: string };

/** How a request was executed: see execute.ts. */
export type LaneName = 'compiled' | 'yoga';

const MAX_NAME_CHARS = 64;

export function describeOperation(
  operation: OperationDefinitionNode | null | undefined,
): OperationDescription {
  return {
    name: operation?.name?.value.slice(0, MAX_NAME_CHARS) ?? null,
    type: operation?.operation ?? 'unknown',
  };
}

/** Names of operations are those of the client, so they are attributes and not names of spans. */
export function inOperationSpan<T>(
  { type, name }: OperationDescription,
  headers: IncomingHttpHeaders,
  execute: () => Promise<T> | T,
): Promise<T> {
  const attributes = { 'graphql.operation.type': type, 'graphql.operation.name': name ?? '' };
  return inSpan(`GraphQL ${type}`, 'SERVER', attributes, execute, headers);
}

export type Outcome = {
  requestId: string;
  /** Finished, with codes. */
  errors: readonly {
    path?: readonly (string | number)[] | undefined;
    extensions: { readonly [name: string]: unknown };
  }[];
  durationMs: number;
  /** Of the response body. */
  bytes: number;
  /** The user, if known. */
  user: Pick<User, 'id' | 'appId'> | undefined;
  /** The build of the mini program that sent it, if known. */
  build: string | null;
  traceId: string | null;
};

/** Logs one line for an execution of an operation, so that the operator finds it by the request id, and counts it. */
export type ReportOperation = (outcome: Outcome) => void;

export type ReportOptions = {
  log: Log;
  /** The share of operations without an error that are logged, from 0 to 1. */
  logSample: number;
  metrics: Pick<Metrics, 'operation'>;
};

/** @param operation undefined if the request was rejected before it could run */
export type CreateReport = (lane: LaneName, operation: OperationDescription | undefined) => ReportOperation;

/** Codes of errors that the operator must act on, not the client: logged at level error. */
const OUR_FAULT: ReadonlySet<unknown> = new Set<ErrorCode>([
  'INTERNAL_SERVER_ERROR',
  'SERVICE_UNAVAILABLE',
  'WECHAT_MISCONFIGURED',
]);

export function createOperationReports({ log, logSample, metrics }: ReportOptions): CreateReport {
  return (lane, operation) => {
    const { name = null, type = null } = operation ?? {};
    const operationLog = log.child({ operation: { name, type }, lane });
    return ({ requestId, errors, durationMs, bytes, user, build, traceId }) => {
      const codes = errors.map(({ extensions: { code } }) => String(code));
      metrics.operation({ lane, type, name, codes, durationMs, isIdentified: user !== undefined });
      if (errors.length === 0 && Math.random() >= logSample) return;
      const line = {
        requestId,
        codes: errors.map(({ path }, i) => [path?.join('.') ?? null, codes[i]]),
        durationMs: Math.round(durationMs * 10) / 10,
        bytes,
        userId: user?.id ?? null,
        appId: user?.appId ?? null,
        build,
        ...(traceId === null ? {} : { traceId }),
      };
      const level = codes.some((code) => OUR_FAULT.has(code)) ? 'error' : 'info';
      operationLog[level](line, 'operation');
    };
  };
}
