import type { Config } from '../config/config.ts';
import { type Assembly, assemble } from '../modules/assembly.ts';
import type { DefinedModule } from '../modules/module.ts';
import { type Finding, failed, ok } from './findings.ts';

const CHECK = 'modules';

export type ExaminedModules = Pick<Assembly, 'migrations'> & { findings: Finding[] };

/** Assembles the modules as the start does. Their services are not started. */
export function examineModules(
  modules: readonly DefinedModule[],
  config: Config | undefined,
): ExaminedModules {
  try {
    const { migrations } = assemble(modules, config?.roles ?? []);
    const names = modules.map(({ name }) => name).join(', ');
    return { migrations, findings: modules.length > 0 ? [ok(CHECK, `they fit together: ${names}`)] : [] };
  } catch (error) {
    // Of our own errors: it holds no secret.
    return {
      migrations: [],
      findings: [failed(CHECK, error instanceof Error ? error.message : String(error))],
    };
  }
}
