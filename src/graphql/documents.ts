import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { findExcess, tooComplexError } from './complexity.ts';

/** Parses and validates each document once, and caches the valid ones. */
export type Documents = {
  /** @throws {GraphQLError} QUERY_TOO_COMPLEX, or a syntax error without a code */
  parse(source: string): DocumentNode;
  /** Empty if the document may be executed. Errors of validation rules have no code yet: Yoga adds it. */
  validate(document: DocumentNode): readonly GraphQLError[];
};

export type DocumentsOptions = {
  schema: GraphQLSchema;
  /** Whether `__schema` and `__type` may be queried. */
  introspection: boolean;
  /** Whether errors may suggest names ("Did you mean"). */
  suggestions: boolean;
};

/** A login has 60 tokens, GraphiQL's introspection query about 300. */
const MAX_TOKENS = 1000;
const MAX_ERRORS = 5;
/** Total length of the cached sources. Invalid documents are not cached, so they cannot evict valid ones. */
const MAX_CACHED_CHARS = 1_000_000;

export function createDocuments({ schema, introspection, suggestions }: DocumentsOptions): Documents {
  const cache = new LRUCache<string, DocumentNode>({
    maxSize: MAX_CACHED_CHARS,
    sizeCalculation: (_document, source) => source.length + 1,
  });
  const valid = new WeakSet<DocumentNode>();
  const sources = new WeakMap<DocumentNode, string>();
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const options = { maxErrors: MAX_ERRORS, hideSuggestions: !suggestions };

  return {
    parse(source) {
      const cachedDocument = cache.get(source);
      if (cachedDocument) return cachedDocument;
      const document = parseLimited(source);
      sources.set(document, source);
      return document;
    },
    validate(document) {
      if (valid.has(document)) return [];
      const excess = findExcess(document);
      if (excess) return [excess];
      const errors = validate(schema, document, rules, options);
      if (errors.length === 0) {
        valid.add(document);
        cache.set(sources.get(document) ?? '', document);
      }
      return errors;
    },
  };
}

function parseLimited(source: string): DocumentNode {
  try {
    return parse(source, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (error instanceof Error && /more that \d+ tokens/.test(error.message))
      throw tooComplexError(`has more than ${MAX_TOKENS} tokens`);
    throw error;
  }
}
