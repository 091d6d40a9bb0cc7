import {
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import { clientError } from '../errors/client-error.ts';
import { publicMessage } from './messages.ts';

/** Returns the first fault of the variables, or undefined. Executing coerces valid ones again. */
export type VariableCheck = (
  operation: OperationDefinitionNode,
  variables: unknown,
) => GraphQLError | undefined;

/** Object members and list items in the variables of a request; a profile has 8. */
const MAX_VALUES = 500;

export function createVariableCheck(schema: GraphQLSchema, suggestions: boolean): VariableCheck {
  return (operation, variables) => {
    if (!isObject(variables)) return undefined;
    if (hasMoreValuesThan(MAX_VALUES, variables))
      return clientError(
        'QUERY_TOO_COMPLEX',
        `The variables contain more than ${MAX_VALUES} values: send fewer.`,
      );
    // Only the first fault: reporting a thousand, each with its value, would be expensive.
    const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
      maxErrors: 1,
    });
    if (!errors?.[0]) return undefined;
    return clientError('BAD_USER_INPUT', publicMessage(errors[0].message, suggestions));
  };
}

/** Without recursion: lists may be nested as deep as the body is long. */
function hasMoreValuesThan(limit: number, root: object): boolean {
  const pending: object[] = [root];
  let count = 0;
  for (let next = pending.pop(); next; next = pending.pop())
    for (const value of Object.values(next)) {
      if (++count > limit) return true;
      if (isObject(value)) pending.push(value);
    }
  return false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
