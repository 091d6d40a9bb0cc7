import DataLoader from 'dataloader';
import type { Context } from '../context.ts';

/**
 * Makes a function that loads a value by its key. The calls of one turn share one call of `load`, and each key is loaded
 * once in a request.
 * @param load returns the values of the keys, in their order
 */
export function perRequest<Key extends string | number, Value>(
  load: (keys: readonly Key[], context: Context) => Promise<readonly Value[]>,
): (key: Key, context: Context) => Promise<Value> {
  const loaders = new WeakMap<Context, DataLoader<Key, Value>>();
  return (key, context) => {
    const loader = loaders.get(context) ?? new DataLoader<Key, Value>((keys) => load(keys, context));
    loaders.set(context, loader);
    return loader.load(key);
  };
}
