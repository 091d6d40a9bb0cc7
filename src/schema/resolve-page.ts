import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { clientError } from '../errors/client-error.ts';
import { isUserId } from './arguments.ts';

export const MAX_PAGE = 100;
export const DEFAULT_PAGE = 20;

/** The arguments of a connection. */
export type PageArguments = {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
};

/** Which items to read. */
export type PageRange = {
  /** Items with a greater id than this one. */
  after?: string | undefined;
  /** Items with a smaller id than this one. */
  before?: string | undefined;
  limit: number;
  /** Whether to read in descending order of ids. */
  descending: boolean;
};

/**
 * Resolves a connection of items that are ordered by their ids, which are UUIDs: 20 per page, at most 100.
 * @param read returns the items of a range, in the order that it asks for
 * @throws BAD_USER_INPUT
 */
export function resolvePage<Item extends { id: string }>(
  args: PageArguments,
  read: (range: PageRange) => Promise<Item[]>,
) {
  checkPageArguments(args);
  return resolveCursorConnection(
    { args, defaultSize: DEFAULT_PAGE, maxSize: MAX_PAGE, toCursor: ({ id }: Item) => id },
    ({ after, before, limit, inverted }: ResolveCursorConnectionArgs) =>
      read({ after, before, limit, descending: inverted }),
  );
}

function checkPageArguments({ first, last, after, before }: PageArguments): void {
  for (const [name, size] of Object.entries({ first, last }))
    if (typeof size === 'number' && (size < 1 || size > MAX_PAGE))
      throw clientError('BAD_USER_INPUT', `${name} is ${size}: it must be from 1 to ${MAX_PAGE}.`);
  if (typeof first === 'number' && typeof last === 'number')
    throw clientError('BAD_USER_INPUT', 'first and last cannot be combined: send one of them.');
  for (const [name, cursor] of Object.entries({ after, before }))
    if (typeof cursor === 'string' && !isUserId(cursor))
      throw clientError('BAD_USER_INPUT', `${name} is not a cursor of this list: send one from a response.`);
}
