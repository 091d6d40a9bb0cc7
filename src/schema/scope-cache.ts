import type { SchemaTypes } from '@pothos/core';
import * as scopeAuth from '@pothos/plugin-scope-auth';

type Holder = { scopeCache: unknown };

/** Undefined in a version of the plugin without it: then everything works, with more garbage. */
const fromContext = scopeAuth.RequestCache?.fromContext?.bind(scopeAuth.RequestCache);

/**
 * Keeps what scope-auth finds out for a request in its context. The plugin keeps it in one WeakMap for all requests, so
 * the garbage collector copies it instead of freeing it with the request. The plugin exports RequestCache, but it is not
 * meant to be changed: the lockfile fixes its version, and a test fails if the plugin stops calling this function.
 */
export function keepScopeCacheInContext(): void {
  const { RequestCache } = scopeAuth;
  if (!fromContext) return;
  RequestCache.fromContext = (context, builder) => {
    if (!isHolder(context)) return fromContext(context, builder);
    if (isCacheOf(builder, context.scopeCache)) return context.scopeCache;
    const cache = new RequestCache(builder, context);
    context.scopeCache = cache;
    return cache;
  };
}

function isHolder(context: object): context is Holder {
  return 'scopeCache' in context;
}

function isCacheOf<T extends SchemaTypes>(
  builder: PothosSchemaTypes.SchemaBuilder<T>,
  value: unknown,
): value is scopeAuth.RequestCache<T> {
  return value instanceof scopeAuth.RequestCache && value.builder === builder;
}
