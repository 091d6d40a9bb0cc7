import type { OperationDefinitionNode } from 'graphql';
import type { Context } from '../context.ts';
import type { Log } from '../ops/log.ts';

export type OperationDescription = { name: string | null; type: string };

/** What is known of an operation once it runs. */
export type Operation = OperationDescription & { context: Pick<Context, 'identity'> };

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
  lane: LaneName;
  /** Finished, with codes. */
  errors: readonly {
    path?: readonly (string | number)[] | undefined;
    extensions: { readonly [name: string]: unknown };
  }[];
  durationMs: number;
};

/**
 * Logs one line for an operation, so that the operator finds it by the request id of the client.
 * @param operation undefined if the request was rejected before it could run
 */
export function logOperation(
  log: Log,
  operation: Operation | undefined,
  { requestId, lane, errors, durationMs }: Outcome,
): void {
  const user = operation?.context.identity();
  log.info(
    {
      requestId,
      operation: { name: operation?.name ?? null, type: operation?.type ?? null },
      lane,
      codes: errors.map(({ path, extensions }) => [path?.join('.') ?? null, extensions.code]),
      durationMs: Math.round(durationMs * 10) / 10,
      userId: user?.id ?? null,
      appId: user?.appId ?? null,
    },
    'operation',
  );
}
