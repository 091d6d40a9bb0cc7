import { clientError } from '../errors/client-error.ts';

/**
 * The text of the persisted document that a request names by `documentId`.
 * @throws PERSISTED_DOCUMENT_REQUIRED
 */
export function persistedQuery(params: object, documents: ReadonlyMap<string, string>): string {
  const id = 'documentId' in params ? params.documentId : undefined;
  const query = typeof id === 'string' ? documents.get(id) : undefined;
  if (query !== undefined && !('query' in params && params.query)) return query;
  throw clientError(
    'PERSISTED_DOCUMENT_REQUIRED',
    'This server accepts persisted documents only: send a known `documentId` and no `query`.',
  );
}
