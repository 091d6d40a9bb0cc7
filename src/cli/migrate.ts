import { readConfig } from '../config/config.ts';
import { assemble } from '../modules/assembly.ts';
import type { DefinedModule } from '../modules/module.ts';
import { openStorage } from '../storage/open.ts';
import { readEnv } from './environment-source.ts';

/** Creates and updates the tables of the core and of the modules. */
export async function migrate(_args: readonly string[], modules: readonly DefinedModule[]): Promise<void> {
  const { database, sessionKeySecrets, roles } = readConfig(readEnv());
  const { migrations } = assemble(modules, roles);
  const storage = await openStorage(database, sessionKeySecrets);
  try {
    await storage.migrate(migrations);
    await storage.check(migrations);
    process.stdout.write(`The tables in ${storage.place} are up to date.\n`);
  } finally {
    await storage.close();
  }
}
