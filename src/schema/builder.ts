import SchemaBuilder, { type InterfaceRef, type ObjectRef } from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { Context } from '../context.ts';
import type { Role } from '../storage/user-types.ts';
import { authScopes, refusalError } from './guards.ts';
import { keepScopeCacheInContext } from './scope-cache.ts';

/** Custom scalars; scalars.ts defines them. */
export interface Scalars {
  DateTime: { Input: Date; Output: Date };
  /** `YYYY-MM-DD`. */
  Date: { Input: string; Output: string };
  LenientBoolean: { Input: boolean; Output: boolean };
}

/** `signedIn`: a valid token. `role`: a valid token of a user with this role, or one of these. */
export interface AuthScopes {
  signedIn: boolean;
  role: Role | readonly Role[];
}

/** Connections have edges, and no edge is null. */
const EDGES_NULLABILITY = { list: false, items: false } as const;

export interface BuilderTypes {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: { [Name in keyof Scalars]: Scalars[Name] };
  AuthScopes: AuthScopes;
  DefaultEdgesNullability: typeof EDGES_NULLABILITY;
  DefaultNodeNullability: false;
}

export type SchemaTypes = PothosSchemaTypes.ExtendDefaultTypes<BuilderTypes>;
export type Builder = PothosSchemaTypes.SchemaBuilder<SchemaTypes>;
export type TypeRef<T> = ObjectRef<SchemaTypes, T>;
export type SharedTypeRef<T> = InterfaceRef<SchemaTypes, T>;

/** Fields are non-null unless they say otherwise, and public unless they name a scope. */
export function createBuilder(): Builder {
  keepScopeCacheInContext();
  const builder = new SchemaBuilder<BuilderTypes>({
    plugins: [ScopeAuthPlugin, RelayPlugin],
    defaultFieldNullability: false,
    scopeAuth: {
      authScopes,
      unauthorizedError: (_parent, context, info, { failure }) => refusalError(context, info, failure),
    },
    relay: RELAY_OPTIONS,
  });
  builder.queryType({ description: 'Queries change nothing and can be retried.' });
  builder.mutationType({
    description:
      'Mutations run one after another. Each returns a payload type of its own, which may gain fields.',
  });
  return builder;
}

/** Of Relay we use connections only: ids are plain, so there is no Node and no global id. */
const RELAY_OPTIONS = {
  nodeQueryOptions: false,
  nodesQueryOptions: false,
  pageInfoTypeOptions: { description: 'The position of a page in its list.' },
  hasNextPageFieldOptions: { description: 'Whether more items follow; with `first`.' },
  hasPreviousPageFieldOptions: { description: 'Whether more items precede; with `last`.' },
  startCursorFieldOptions: {
    description: 'The cursor of the first item, for `before`; null if the page is empty.',
  },
  endCursorFieldOptions: {
    description: 'The cursor of the last item, for `after`; null if the page is empty.',
  },
  pageInfoFieldOptions: { description: 'The position of the page in the list.' },
  edgesFieldOptions: {
    description: 'The items of the page, with their cursors.',
    nullable: EDGES_NULLABILITY,
  },
  cursorFieldOptions: { description: 'The position of the item, for `after` and `before`.' },
  nodeFieldOptions: { description: 'The object at this position.', nullable: false },
  firstArgOptions: { description: 'Items from the start, 1 to 100.' },
  lastArgOptions: { description: 'Items from the end, 1 to 100.' },
  afterArgOptions: { description: 'Only items after this cursor.' },
  beforeArgOptions: { description: 'Only items before this cursor.' },
  defaultConnectionTypeOptions: { description: 'A page of a list (Relay cursor connections).' },
  defaultEdgeTypeOptions: { description: 'An item with its position in the list.' },
} as const;
