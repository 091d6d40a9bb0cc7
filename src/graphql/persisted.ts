import { clientError } from '../errors/client-error.ts';

/** The members of a request that say what to execute. */
export type PersistedParams = { documentId?: unknown; query?: unknown };

/**
 * The text of the persisted document that a request names by `documentId`.
 * @throws PERSISTED_DOCUMENT_REQUIRED
 */
export function persistedQuery(
  { documentId, query }: PersistedParams,
  documents: ReadonlyMap<string, string>,
): string {
  const persisted = typeof documentId === 'string' ? documents.get(documentId) : undefined;
  if (persisted !== undefined && !query) return persisted;
  throw clientError(
    'PERSISTED_DOCUMENT_REQUIRED',
    'This server accepts persisted documents only: send a known `documentId` and no `query`.',
  );
}
