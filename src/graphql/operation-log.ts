import type { OperationDefinitionNode } from 'graphql';
import type { Log } from '../ops/log.ts';
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

export type Outcome = {
  requestId: string;
  /** Finished, with codes. */
  errors: readonly {
    path?: readonly (string | number)[] | undefined;
    extensions: { readonly [name: string]: unknown };
  }[];
  durationMs: number;
  /** The user, if known. */
  user: Pick<User, 'id' | 'appId'> | undefined;
};

/** Logs one line for an execution of an operation, so that the operator finds it by the request id of the client. */
export type OperationLog = (outcome: Outcome) => void;

/** @param operation undefined if the request was rejected before it could run */
export function createOperationLog(
  log: Log,
  lane: LaneName,
  operation: OperationDescription | undefined,
): OperationLog {
  const { name = null, type = null } = operation ?? {};
  const operationLog = log.child({ operation: { name, type }, lane });
  return ({ requestId, errors, durationMs, user }) =>
    operationLog.info(
      {
        requestId,
        codes: errors.map(({ path, extensions }) => [path?.join('.') ?? null, extensions.code]),
        durationMs: Math.round(durationMs * 10) / 10,
        userId: user?.id ?? null,
        appId: user?.appId ?? null,
      },
      'operation',
    );
}
