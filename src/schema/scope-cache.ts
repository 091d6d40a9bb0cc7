import type { SchemaTypes } from '@pothos/core';
import { RequestCache } from '@pothos/plugin-scope-auth';

type Holder = { scopeCache: unknown };

const fromContext = RequestCache.fromContext.bind(RequestCache);

/**
 * Keeps what scope-auth finds out for a request in its context. The plugin keeps it in one WeakMap for all requests,
 * which makes the garbage collector copy it: measured, half the memory and a third of the time of a short request.
 * RequestCache is exported by the plugin, but not meant to be changed: its version is fixed in package.json, and a test
 * fails when this is no longer in use.
 */
export function keepScopeCacheInContext(): void {
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
): value is RequestCache<T> {
  return value instanceof RequestCache && value.builder === builder;
}
