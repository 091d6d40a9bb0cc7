import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { createSeenFilter } from '../common/seen-filter.ts';
import { type CompiledOperation, compileOperation } from './compiled-operation.ts';
import { createComplexityCheck, tooComplexError } from './complexity.ts';

/** Parses and validates documents, caches valid ones that are sent again, and compiles those that are sent often. */
export type Documents = {
  /** @throws {GraphQLError} QUERY_TOO_COMPLEX, or a syntax error without a code */
  parse(source: string): DocumentNode;
  /** Empty if the document may be executed. Errors of validation rules have no code yet: Yoga adds it. */
  validate(document: DocumentNode): readonly GraphQLError[];
  /**
   * The compiled operation of a cached document; undefined while it is new, or if it cannot be compiled. Null names the
   * only operation.
   */
  compiledOperation(source: string, operationName: string | null): CompiledOperation | undefined;
  /** How often the cache had a document, and what it holds now. */
  cacheStatistics(): CacheStatistics;
};

export type CacheStatistics = { hits: number; misses: number; documents: number; bytes: number };

export type DocumentsOptions = {
  schema: GraphQLSchema;
  /** Whether `__schema` and `__type` may be queried. */
  introspection: boolean;
  /** Whether errors may suggest names ("Did you mean"). */
  suggestions: boolean;
};

/** A login has 60 tokens, GraphiQL's introspection query about 300. */
const MAX_TOKENS = 1000;
/** graphql-js counts the lines again for each position in an error. */
const MAX_LINES = 2000;
const MAX_ERRORS = 5;
const MAX_CACHED_DOCUMENTS = 1000;
const MAX_CACHED_BYTES = 8 * 1024 * 1024;
/** Measured: what a parsed document occupies in the heap beside its source. */
const BYTES_PER_DOCUMENT = 500;
const BYTES_PER_TOKEN = 350;
/** Measured: the code that graphql-jit makes of a token. */
const COMPILED_BYTES_PER_TOKEN = 150;
/** A document is cached when it is sent again, so that documents that are sent once evict nothing. */
const SEEN_SLOTS = 16_384;
/** Compiling takes 0.5 to 4 ms, so a document must be sent this often first. */
const COMPILE_AFTER = 10;

/** Operations by name. Null: it cannot be compiled. */
type CachedDocument = {
  document: DocumentNode;
  hits: number;
  compiled: Map<string | null, CompiledOperation | null>;
};

export function createDocuments({ schema, introspection, suggestions }: DocumentsOptions): Documents {
  const cache = new LRUCache<string, CachedDocument>({
    max: MAX_CACHED_DOCUMENTS,
    maxSize: MAX_CACHED_BYTES,
    sizeCalculation: ({ document }, source) => 2 * source.length + weightOf(document),
  });
  const findExcess = createComplexityCheck(schema);
  const seen = createSeenFilter(SEEN_SLOTS);
  let hits = 0;
  let misses = 0;
  const valid = new WeakSet<DocumentNode>();
  const sources = new WeakMap<DocumentNode, string>();
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const options = { maxErrors: MAX_ERRORS, hideSuggestions: !suggestions };

  /** Remembers also what cannot be compiled, but no names that the document does not have. */
  function compileNew({ document, compiled }: CachedDocument, operationName: string | null) {
    if (compiled.has(operationName)) return null;
    const operation = getOperationAST(document, operationName);
    if (!operation) return null;
    const result = compileOperation(schema, document, operation);
    compiled.set(operationName, result);
    return result;
  }

  return {
    parse(source) {
      const cached = cache.get(source);
      if (cached) {
        hits += 1;
        cached.hits += 1;
        return cached.document;
      }
      misses += 1;
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
        const source = sources.get(document) ?? '';
        valid.add(document);
        if (seen.check(source)) cache.set(source, { document, hits: 0, compiled: new Map() });
      }
      return errors;
    },
    compiledOperation(source, operationName) {
      const cached = cache.get(source);
      if (!cached || cached.hits < COMPILE_AFTER) return undefined;
      const compiled = cached.compiled.get(operationName) ?? compileNew(cached, operationName);
      if (compiled) hits += 1;
      return compiled ?? undefined;
    },
    cacheStatistics: () => ({ hits, misses, documents: cache.size, bytes: cache.calculatedSize }),
  };
}

/** Bytes in the heap, without the source. */
function weightOf({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken; token; token = token.next ?? undefined) tokens += 1;
  return BYTES_PER_DOCUMENT + tokens * (BYTES_PER_TOKEN + COMPILED_BYTES_PER_TOKEN);
}

/** How graphql-js begins this message; others quote the document. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more that \d+ tokens/;

function parseLimited(source: string): DocumentNode {
  if (countLines(source) > MAX_LINES) throw tooComplexError(`has more than ${MAX_LINES} lines`);
  try {
    return parse(source, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (error instanceof Error && TOO_MANY_TOKENS.test(error.message))
      throw tooComplexError(`has more than ${MAX_TOKENS} tokens`);
    throw error;
  }
}

function countLines(source: string): number {
  return 1 + (source.match(/\r\n|[\r\n]/g)?.length ?? 0);
}
