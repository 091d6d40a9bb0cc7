import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { clientError } from '../errors/client-error.ts';

/** Limits of one document. Fields and spreads count as written, each fragment once; aliases limit what is executed. */
const MAX_DEPTH = 8;
const MAX_SELECTIONS = 150;
/** Occurrences of one response name: graphql-js compares every pair of them. */
const MAX_REPEATS = 30;
const MAX_ALIASES = 15;
const MAX_DIRECTIVES = 20;
/** Fields of a response, with each list at its full length. */
const MAX_RESPONSE_FIELDS = 5000;
const MAX_LIST_LENGTH = 100;
const DEFAULT_LIST_LENGTH = 20;

/** Measures documents against the limits, of which those of lists need the schema. */
export type ComplexityCheck = (document: DocumentNode) => GraphQLError | undefined;

/** The function that it makes returns undefined if the document is within the limits; otherwise QUERY_TOO_COMPLEX. */
export function createComplexityCheck(schema: GraphQLSchema): ComplexityCheck {
  const connections = connectionsOf(schema);
  return (document) => findExcess(document, connections);
}

/** The names of the fields that return a page of a list. */
function connectionsOf(schema: GraphQLSchema): ReadonlySet<string> {
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [],
  );
  return new Set(fields.filter(({ args }) => args.some(isPageSize)).map(({ name }) => name));
}

function isPageSize({ name }: { name: string }): boolean {
  return name === 'first' || name === 'last';
}

function findExcess(document: DocumentNode, connections: ReadonlySet<string>): GraphQLError | undefined {
  const { depth, selections, aliases, directives, responseFields, repeats } = measure(document, connections);
  if (depth > MAX_DEPTH) return tooComplexError(`is nested deeper than ${MAX_DEPTH} levels`);
  if (selections > MAX_SELECTIONS)
    return tooComplexError(`has more than ${MAX_SELECTIONS} fields and fragments`);
  if (repeats > MAX_REPEATS) return tooComplexError(`repeats one field more than ${MAX_REPEATS} times`);
  if (aliases > MAX_ALIASES) return tooComplexError(`has more than ${MAX_ALIASES} aliases`);
  if (responseFields > MAX_RESPONSE_FIELDS)
    return tooComplexError(`asks for more than ${MAX_RESPONSE_FIELDS} fields in lists`);
  if (directives > MAX_DIRECTIVES) return tooComplexError(`has more than ${MAX_DIRECTIVES} directives`);
  return undefined;
}

export function tooComplexError(excess: string): GraphQLError {
  return clientError('QUERY_TOO_COMPLEX', `The query ${excess}: split it into several requests.`);
}

/** The size of a selection, including the fragments that it spreads. */
type Size = {
  depth: number;
  selections: number;
  aliases: number;
  directives: number;
  responseFields: number;
};

const EMPTY: Size = { depth: 0, selections: 0, aliases: 0, directives: 0, responseFields: 0 };

/**
 * Measures a document in one pass. Unused fragments count, because they are validated too; a fragment cycle counts as
 * empty, because validation rejects it.
 */
function measure(document: DocumentNode, connections: ReadonlySet<string>): Size & { repeats: number } {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const fragmentSizes = new Map<string, Size>();
  const occurrences = new Map<string, number>();

  function measureDefinition(definition: DefinitionNode): Size {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) return measureFragment(definition.name.value);
    if (definition.kind !== Kind.OPERATION_DEFINITION) return EMPTY;
    const own = definition.directives?.length ?? 0;
    const variables = definition.variableDefinitions ?? [];
    const ofVariables = variables.reduce((sum, { directives }) => sum + (directives?.length ?? 0), 0);
    return add(measureSelections(definition.selectionSet), { directives: own + ofVariables });
  }

  function measureFragment(name: string): Size {
    const known = fragmentSizes.get(name);
    if (known) return known;
    fragmentSizes.set(name, EMPTY);
    const fragment = fragments.get(name);
    const size = measureSelections(fragment?.selectionSet);
    const isIntrospection = fragment?.typeCondition.name.value.startsWith('__');
    const found = isIntrospection ? { ...size, depth: 0 } : size;
    fragmentSizes.set(name, found);
    return found;
  }

  function measureSelections(set: SelectionSetNode | undefined): Size {
    return (set?.selections ?? []).map(measureSelection).reduce(combine, EMPTY);
  }

  function measureSelection(selection: SelectionNode): Size {
    const directives = selection.directives?.length ?? 0;
    switch (selection.kind) {
      case Kind.FRAGMENT_SPREAD:
        return add({ ...measureFragment(selection.name.value), selections: 1 }, { directives });
      case Kind.INLINE_FRAGMENT:
        return add(measureSelections(selection.selectionSet), { selections: 1, directives });
      case Kind.FIELD:
        return measureField(selection, directives);
    }
  }

  function measureField(field: FieldNode, directives: number): Size {
    const responseName = (field.alias ?? field.name).value;
    occurrences.set(responseName, (occurrences.get(responseName) ?? 0) + 1);
    const below = measureSelections(field.selectionSet);
    const size = add(
      { ...below, responseFields: below.responseFields * listLength(field, connections) },
      { depth: 1, selections: 1, aliases: field.alias ? 1 : 0, directives, responseFields: 1 },
    );
    // Introspection is deep by nature, and graphql-js limits it by a rule of its own.
    return field.name.value.startsWith('__') ? { ...size, depth: 1 } : size;
  }

  const total = document.definitions.map(measureDefinition).reduce(combine, EMPTY);
  return { ...total, repeats: Math.max(0, ...occurrences.values()) };
}

/** The number of objects in the list of a field; 1 if it is not a connection. A variable may hold the maximum. */
function listLength({ name, arguments: given = [] }: FieldNode, connections: ReadonlySet<string>): number {
  const size = given.find(({ name: { value } }) => isPageSize({ name: value }));
  if (!size) return connections.has(name.value) ? DEFAULT_LIST_LENGTH : 1;
  const length = size.value.kind === Kind.INT ? Number(size.value.value) : MAX_LIST_LENGTH;
  return Math.min(Math.max(length, 1), MAX_LIST_LENGTH);
}

/** The size of two selections side by side. */
function combine(a: Size, b: Size): Size {
  return { ...add(a, b), depth: Math.max(a.depth, b.depth) };
}

function add(a: Size, b: Partial<Size>): Size {
  return {
    depth: a.depth + (b.depth ?? 0),
    selections: a.selections + (b.selections ?? 0),
    aliases: a.aliases + (b.aliases ?? 0),
    directives: a.directives + (b.directives ?? 0),
    responseFields: a.responseFields + (b.responseFields ?? 0),
  };
}
