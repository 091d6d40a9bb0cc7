import { RequestCache } from '@pothos/plugin-scope-auth';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { type CoreServices, contextFactory } from '../src/context.ts';
import { compileOperation } from '../src/graphql/compiled-operation.ts';
import { createLog } from '../src/ops/log.ts';
import { buildSchema } from '../src/schema/index.ts';

/** What a request without a token needs. */
function services(): Pick<CoreServices, 'log'> {
  return { log: createLog('silent') };
}

test('what scope-auth finds out is kept in the context of the request, not in a map of all requests', async () => {
  const document = parse('{ me { id } }');
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const compiled = compileOperation(buildSchema(), document, operation);
  const createContext = contextFactory(Object.assign(Object.create(null), services()));
  const contexts = ['a', 'b'].map((requestId) => createContext({ requestId, address: '' }, {}));
  for (const context of contexts) {
    await compiled?.execute(context, {});
    expect(context.scopeCache).toBeInstanceOf(RequestCache);
    expect(context.scopeCache).toMatchObject({ context });
  }
  expect(contexts[0]?.scopeCache).not.toBe(contexts[1]?.scopeCache);
});
