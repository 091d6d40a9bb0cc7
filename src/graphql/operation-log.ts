import { type DocumentNode, type GraphQLError, getOperationAST } from 'graphql';
import type { Context } from '../context.ts';
import type { Log } from '../ops/log.ts';

/** What is known of an operation once it runs. */
export type Operation = { name: string | null; type: string; context: Pick<Context, 'identity'> };

const MAX_NAME_CHARS = 64;

export function describeOperation(
  document: DocumentNode,
  operationName: string | null | undefined,
  context: Pick<Context, 'identity'>,
): Operation {
  const operation = getOperationAST(document, operationName);
  return {
    name: operation?.name?.value.slice(0, MAX_NAME_CHARS) ?? null,
    type: operation?.operation ?? 'unknown',
    context,
  };
}

/**
 * Logs one line for an operation, so that the operator finds it by the request id of the client.
 * @param operation undefined if the request was rejected before it could run
 * @param errors finished, with codes
 */
export function logOperation(
  log: Log,
  operation: Operation | undefined,
  { errors, durationMs }: { errors: readonly GraphQLError[]; durationMs: number },
): void {
  const user = operation?.context.identity();
  log.info(
    {
      operation: { name: operation?.name ?? null, type: operation?.type ?? null },
      codes: errors.map(({ path, extensions }) => [path?.join('.') ?? null, extensions.code]),
      durationMs: Math.round(durationMs * 10) / 10,
      userId: user?.id ?? null,
      appId: user?.appId ?? null,
    },
    'operation',
  );
}
