import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { fail, withoutSuggestion } from '../errors/codes.ts';

/** What a document has to pass before it is executed, by whatever lane. */
export type Gates = {
  /** @throws {GraphQLError} QUERY_TOO_COMPLEX, or a syntax error without a code */
  parse(source: string): DocumentNode;
  /** Empty where the document may be executed. Errors of the schema's rules have no code, others have. */
  validate(document: DocumentNode): readonly GraphQLError[];
  /**
   * What is wrong with the variables of an operation, undefined where nothing is. Whoever executes coerces them again,
   * but only good ones: to report each of a thousand faults, with all the values, is what costs.
   */
  checkVariables(operation: OperationDefinitionNode, variables: unknown): GraphQLError | undefined;
};

export type GatesOptions = {
  schema: GraphQLSchema;
  /** Whether `__schema` and `__type` can be asked for. */
  introspection: boolean;
  /** Whether "Did you mean" tells of names that were not asked for. */
  suggestions: boolean;
};

/** An ordinary login is 60 tokens, GraphiQL's introspection about 300. */
const MAX_TOKENS = 1000;
const MAX_DEPTH = 8;
const MAX_ALIASES = 15;
const MAX_DIRECTIVES = 20;
/** Fields and spreads as written, each fragment once. What is executed aliases limit. */
const MAX_SELECTIONS = 150;
/** How often one name may be asked for, wherever: graphql-js compares each such field with each. */
const MAX_REPEATS = 30;
const MAX_ERRORS = 5;
/** Members of objects and items of lists in the variables of a request; a profile has 8. */
const MAX_VALUES = 500;
/** Messages quote values, which may be long. */
const MAX_MESSAGE_CHARS = 300;
/** Characters of good documents that are kept, parsed. Bad ones never are, so nobody can push out the good. */
const CACHE_CHARS = 1_000_000;

/** Good documents are parsed and validated once. */
export function createGates({ schema, introspection, suggestions }: GatesOptions): Gates {
  const good = new LRUCache<string, DocumentNode>({
    maxSize: CACHE_CHARS,
    sizeCalculation: (_document, source) => source.length + 1,
  });
  const known = new WeakSet<DocumentNode>();
  const sources = new WeakMap<DocumentNode, string>();
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const options = { maxErrors: MAX_ERRORS, hideSuggestions: !suggestions };
  const told = (message: string) => (suggestions ? message : withoutSuggestion(message));

  return {
    parse(source) {
      const kept = good.get(source);
      if (kept) return kept;
      const document = parseFew(source);
      sources.set(document, source);
      return document;
    },
    validate(document) {
      if (known.has(document)) return [];
      const refusal = tooComplex(document);
      if (refusal) return [refusal];
      const errors = validate(schema, document, rules, options);
      if (errors.length === 0) {
        known.add(document);
        good.set(sources.get(document) ?? '', document);
      }
      return errors;
    },
    checkVariables(operation, variables) {
      if (!isObject(variables)) return undefined;
      if (hasMoreValues(variables, MAX_VALUES))
        return fail('QUERY_TOO_COMPLEX', `The variables hold more than ${MAX_VALUES} values: send fewer.`);
      const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
        maxErrors: 1,
      });
      return errors?.[0] && fail('BAD_USER_INPUT', shortened(told(errors[0].message)));
    },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Without recursion, for the lists in lists may be as deep as the body is long. */
function hasMoreValues(value: object, limit: number): boolean {
  const waiting: object[] = [value];
  let count = 0;
  for (let next = waiting.pop(); next; next = waiting.pop())
    for (const inner of Object.values(next)) {
      if (++count > limit) return true;
      if (isObject(inner)) waiting.push(inner);
    }
  return false;
}

/** Without its middle, where the value is quoted. */
function shortened(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  const half = MAX_MESSAGE_CHARS / 2;
  return `${message.slice(0, half)} … ${message.slice(-half)}`.toWellFormed();
}

/**
 * The text of the document that a request names by `documentId`, where only documents of a list are taken.
 * @throws PERSISTED_DOCUMENT_REQUIRED
 */
export function persistedQuery(params: object, documents: ReadonlyMap<string, string>): string {
  const id = 'documentId' in params ? params.documentId : undefined;
  const query = typeof id === 'string' ? documents.get(id) : undefined;
  if (query !== undefined && !('query' in params && params.query)) return query;
  throw fail(
    'PERSISTED_DOCUMENT_REQUIRED',
    'This server takes documents of its list only: send `documentId` with one of its ids, and no `query`.',
  );
}

function parseFew(source: string): DocumentNode {
  try {
    return parse(source, { maxTokens: MAX_TOKENS });
  } catch (error) {
    if (error instanceof Error && /more that \d+ tokens/.test(error.message))
      throw tooMuch(`has more than ${MAX_TOKENS} tokens`);
    throw error;
  }
}

function tooMuch(what: string) {
  return fail('QUERY_TOO_COMPLEX', `The query ${what}: ask for less at once, in several requests.`);
}

/** What a selection amounts to: its depth, aliases and directives with those of the fragments that it spreads. */
type Measure = { depth: number; selections: number; aliases: number; directives: number };

const NOTHING: Measure = { depth: 0, selections: 0, aliases: 0, directives: 0 };

function tooComplex(document: DocumentNode): GraphQLError | undefined {
  const { depth, selections, aliases, directives, repeats } = measure(document);
  if (depth > MAX_DEPTH) return tooMuch(`is nested deeper than ${MAX_DEPTH} levels`);
  if (selections > MAX_SELECTIONS) return tooMuch(`has more than ${MAX_SELECTIONS} fields and fragments`);
  if (repeats > MAX_REPEATS) return tooMuch(`asks for one field more than ${MAX_REPEATS} times`);
  if (aliases > MAX_ALIASES) return tooMuch(`has more than ${MAX_ALIASES} aliases`);
  if (directives > MAX_DIRECTIVES) return tooMuch(`has more than ${MAX_DIRECTIVES} directives`);
  return undefined;
}

/**
 * Measures a document in one pass: each fragment once, a cycle as nothing (the rules of the schema refuse it). Also
 * what is in no operation counts, for it is validated too. Introspection is deep by nature and has a rule of
 * graphql-js for itself, so its depth counts as one.
 */
function measure(document: DocumentNode): Measure & { repeats: number } {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const measured = new Map<string, Measure>();
  const names = new Map<string, number>();

  const ofFragment = (name: string): Measure => {
    const done = measured.get(name);
    if (done) return done;
    measured.set(name, NOTHING);
    const fragment = fragments.get(name);
    const inside = ofSet(fragment?.selectionSet);
    const found = fragment?.typeCondition.name.value.startsWith('__') ? { ...inside, depth: 0 } : inside;
    measured.set(name, found);
    return found;
  };

  const ofSet = (set: SelectionSetNode | undefined): Measure =>
    (set?.selections ?? []).map(ofSelection).reduce(together, NOTHING);

  const ofSelection = (selection: SelectionNode): Measure => {
    const directives = selection.directives?.length ?? 0;
    if (selection.kind === Kind.FRAGMENT_SPREAD)
      return plus({ ...ofFragment(selection.name.value), selections: 0 }, { selections: 1, directives });
    const inner = ofSet(selection.selectionSet);
    if (selection.kind === Kind.INLINE_FRAGMENT) return plus(inner, { selections: 1, directives });
    const name = (selection.alias ?? selection.name).value;
    names.set(name, (names.get(name) ?? 0) + 1);
    const depth = selection.name.value.startsWith('__') ? 1 - inner.depth : 1;
    return plus(inner, { depth, selections: 1, aliases: selection.alias ? 1 : 0, directives });
  };

  const total = document.definitions
    .map((definition) => {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) return ofFragment(definition.name.value);
      if (definition.kind !== Kind.OPERATION_DEFINITION) return NOTHING;
      const directives = definition.directives?.length ?? 0;
      const variables = definition.variableDefinitions ?? [];
      const ofVariables = variables.reduce((sum, each) => sum + (each.directives?.length ?? 0), 0);
      return plus(ofSet(definition.selectionSet), { directives: directives + ofVariables });
    })
    .reduce(together, NOTHING);
  return { ...total, repeats: Math.max(0, ...names.values()) };
}

function together(a: Measure, b: Measure): Measure {
  return {
    ...plus(a, b),
    depth: Math.max(a.depth, b.depth),
  };
}

function plus(a: Measure, b: Partial<Measure>): Measure {
  return {
    depth: a.depth + (b.depth ?? 0),
    selections: a.selections + (b.selections ?? 0),
    aliases: a.aliases + (b.aliases ?? 0),
    directives: a.directives + (b.directives ?? 0),
  };
}
