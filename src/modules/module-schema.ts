import { assertValidSchema, type GraphQLSchema, printType } from 'graphql';
import { isRecord } from '../common/json.ts';
import { ModuleError } from '../errors/module-error.ts';
import type { DefineTypes, Vocabulary } from '../schema/core-types.ts';
import { buildSchema } from '../schema/index.ts';
import type { DefinedModule } from './module.ts';

/**
 * Builds the schema of the core and of all modules. They are added one by one, so that a fault is attributed to its module.
 * @throws {ModuleError} if a module redefines a type or field, or has an unprotected root field
 */
export function buildModuleSchema(modules: readonly DefinedModule[], vocabulary: Vocabulary): GraphQLSchema {
  let schema = buildSchema([], vocabulary);
  for (const [i, module] of modules.entries()) {
    const before = schema;
    schema = buildWith(modules.slice(0, i + 1), module.name, vocabulary);
    if (schema.getSubscriptionType())
      throw new ModuleError(
        module.name,
        'adds a type Subscription, which the server cannot execute: remove it, and let clients query again.',
      );
    rejectChangedTypes(module, before, schema);
    rejectUnprotectedFields(module, before, schema);
  }
  return schema;
}

/** @param last the name of the last one, to which a failure is attributed */
function buildWith(modules: readonly DefinedModule[], last: string, vocabulary: Vocabulary): GraphQLSchema {
  try {
    const schema = buildSchema(modules.flatMap(partOf), vocabulary);
    assertValidSchema(schema);
    return schema;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    const remedy = reason.startsWith('Duplicate')
      ? ' Types and fields of weapp-login and of other modules cannot be redefined: rename yours.'
      : '';
    throw new ModuleError(last, `its types do not fit into the schema: ${reason}.${remedy}`);
  }
}

/** What an async function adds after its first await would be missing. */
function partOf({ schema }: DefinedModule): DefineTypes[] {
  if (!schema) return [];
  return [
    (builder, core) => {
      const result: unknown = schema(builder, core);
      if (result instanceof Promise) throw new Error('`schema` is an async function: it must not wait.');
    },
  ];
}

/** Pothos rejects most changes of a type that is there, but not of Query and Mutation. */
function rejectChangedTypes({ name }: DefinedModule, before: GraphQLSchema, after: GraphQLSchema): void {
  for (const type of Object.values(before.getTypeMap())) {
    const now = after.getType(type.name);
    const lines = new Set(now ? printType(now).split('\n') : []);
    if (
      !printType(type)
        .split('\n')
        .every((line) => lines.has(line))
    )
      throw new ModuleError(name, `changes the type ${type.name}: add fields to it, and nothing else.`);
  }
}

/** A root field without scopes would be open to everybody. */
function rejectUnprotectedFields(
  { name, public: open = [] }: DefinedModule,
  before: GraphQLSchema,
  after: GraphQLSchema,
): void {
  const known = new Set(rootFieldsOf(before).map(([path]) => path));
  const added = rootFieldsOf(after).filter(([path]) => !known.has(path));
  for (const [path, isProtected] of added)
    if (!isProtected && !open.includes(path))
      throw new ModuleError(
        name,
        `${path} has no authScopes: add authScopes: { signedIn: true }, or list it in \`public\` if everybody may call it.`,
      );
  const paths = added.map(([path]) => path);
  const unknown = open.find((path) => !paths.includes(path));
  if (unknown !== undefined)
    throw new ModuleError(name, `\`public\` lists ${unknown}, which is not a root field of it: remove it.`);
}

/** Paths such as `Query.me`, and whether the field has scopes. */
function rootFieldsOf(schema: GraphQLSchema): [path: string, isProtected: boolean][] {
  const types = [schema.getQueryType(), schema.getMutationType()];
  return types.flatMap((type) =>
    Object.values(type?.getFields() ?? {}).map((field): [string, boolean] => [
      `${type?.name}.${field.name}`,
      hasScopes(field.extensions.pothosOptions),
    ]),
  );
}

function hasScopes(options: unknown): boolean {
  return isRecord(options) && isScopes(options.authScopes);
}

/**
 * A function decides for itself. One of several scopes is enough, so each must protect; an empty object and `false`
 * protect nothing.
 */
function isScopes(scopes: unknown): boolean {
  if (typeof scopes === 'function') return true;
  if (typeof scopes !== 'object' || scopes === null) return false;
  const entries = Object.entries(scopes);
  return (
    entries.length > 0 &&
    entries.every(([name, value]) => (/^\$(all|any)$/.test(name) ? isScopes(value) : Boolean(value)))
  );
}
