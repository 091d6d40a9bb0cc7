import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { readRoles } from '../config/config.ts';
import { assemble } from '../modules/assembly.ts';
import type { DefinedModule } from '../modules/module.ts';
import { openEnvironment } from './environment-source.ts';

/** Prints the schema, with the types of the modules, to the file that the first argument names, or to standard output. */
export async function writeSchema(
  [file]: readonly string[],
  modules: readonly DefinedModule[],
): Promise<void> {
  const { schema } = assemble(modules, readRoles(openEnvironment().env));
  const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
  if (file) writeFileSync(file, text);
  else process.stdout.write(text);
}
