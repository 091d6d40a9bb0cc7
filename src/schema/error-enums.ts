import { ERROR_ACTIONS, type ErrorTable } from '../errors/codes.ts';
import type { Builder } from './builder.ts';

/** The error codes, for clients that generate types from the schema. No field returns them. */
export function defineErrorEnums(builder: Builder, codes: ErrorTable): void {
  builder.enumType('ErrorCode', {
    description: 'The values of `errors[].extensions.code`. docs/errors.md explains each.',
    values: Object.fromEntries(
      Object.entries(codes).map(([code, { action, meaning }]) => [
        code,
        { description: `${meaning} Action: ${action}.` },
      ]),
    ),
  });

  builder.enumType('ErrorAction', {
    description: 'The values of `errors[].extensions.action`: what the client should do.',
    values: Object.fromEntries(
      Object.entries(ERROR_ACTIONS).map(([action, description]) => [action, { description }]),
    ),
  });
}
