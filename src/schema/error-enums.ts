import { ERROR_ACTIONS, ERROR_CODES } from '../errors/codes.ts';
import { builder } from './builder.ts';

builder.enumType('ErrorCode', {
  description: 'The values of `errors[].extensions.code`. docs/errors.md says more of each.',
  values: Object.fromEntries(
    Object.entries(ERROR_CODES).map(([code, [action, description]]) => [
      code,
      { description: `${description} Action: ${action}.` },
    ]),
  ),
});

builder.enumType('ErrorAction', {
  description: 'The values of `errors[].extensions.action`: what a client should do.',
  values: Object.fromEntries(
    Object.entries(ERROR_ACTIONS).map(([action, description]) => [action, { description }]),
  ),
});
