import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { isRecord } from '../common/json.ts';
import type { Context } from '../context.ts';
import { describeOperation, type OperationDescription } from './operation-report.ts';

/** An operation of a valid document, compiled by graphql-jit. */
export type CompiledOperation = {
  operation: OperationDefinitionNode;
  description: OperationDescription;
  /** Whether its first field has a scope, so that the viewer is needed anyway. */
  readsViewer: boolean;
  /** @param variables checked: graphql-jit accepts more than graphql-js */
  execute(context: Context, variables: object): Promise<ExecutionResult> | ExecutionResult;
};

/**
 * Null if only graphql-js executes it as the specification says: graphql-jit runs the fields of a mutation side by
 * side, and directives in fragments are a known problem of it.
 */
export function compileOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CompiledOperation | null {
  if (hasDirectives(document)) return null;
  const fields = operation.selectionSet.selections;
  const [first] = fields;
  if (first?.kind !== Kind.FIELD || first.name.value.startsWith('__')) return null;
  if (operation.operation === OperationTypeNode.MUTATION && fields.length > 1) return null;
  const compiled = compileQuery(schema, document, operation.name?.value ?? '', {
    disablingCapturingStackErrors: true,
  });
  if (!isCompiledQuery(compiled)) return null;
  return {
    operation,
    description: describeOperation(operation),
    readsViewer: hasScope(schema, operation, first.name.value),
    execute: (context, variables) => compiled.query(undefined, context, variables),
  };
}

function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive: () => {
      found = true;
    },
  });
  return found;
}

function hasScope(schema: GraphQLSchema, { operation }: OperationDefinitionNode, name: string): boolean {
  const options: unknown = schema.getRootType(operation)?.getFields()[name]?.extensions.pothosOptions;
  return isRecord(options) && 'authScopes' in options;
}
