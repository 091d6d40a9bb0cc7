import { fileURLToPath } from 'node:url';
import type { GraphQLSchema } from 'graphql';
import type { Vocabulary } from '../schema/core-types.ts';
import type { ModuleMigrations } from '../storage/migration-files.ts';
import { checkModules } from './check-modules.ts';
import type { DefinedModule } from './module.ts';
import { buildModuleSchema } from './module-schema.ts';

/** What the core and the modules are together, before anything is opened. */
export type Assembly = Vocabulary & { schema: GraphQLSchema; migrations: readonly ModuleMigrations[] };

/**
 * Checks the modules and builds their schema, so that a module that cannot be used changes nothing.
 * @param roleNames of the variable ROLES
 * @throws {ModuleError}
 */
export function assemble(modules: readonly DefinedModule[], roleNames: readonly string[]): Assembly {
  const vocabulary = checkModules(modules, roleNames);
  return {
    ...vocabulary,
    schema: buildModuleSchema(modules, vocabulary),
    migrations: modules.flatMap(({ name, migrations }) =>
      migrations ? { name, folder: fileURLToPath(migrations) } : [],
    ),
  };
}
