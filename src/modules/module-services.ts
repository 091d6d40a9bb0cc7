import { withDeadline } from '../common/deadline.ts';
import { isContextMember, type Services } from '../context.ts';
import { ModuleError } from '../errors/module-error.ts';
import { storageErrorIn } from '../storage/storage-error.ts';
import type { Core, DefinedModule } from './module.ts';

/** For `services` of one module. */
const DEADLINE_MS = 10_000;
/** For `close` of all modules: the process is ended 15 s after it stopped accepting. */
const CLOSE_MS = 5000;

export type ModuleServices = {
  /** Of all modules, by name. */
  services: Partial<Services>;
  /** Closes the modules in reverse order. */
  close(): Promise<void>;
};

/** A module, and what its `services` returned. */
type Started = { module: DefinedModule; own: Partial<Services> };

/**
 * Creates the services of the modules one after another. On failure it closes those that were created.
 * @throws {ModuleError}
 */
export async function startServices(modules: readonly DefinedModule[], core: Core): Promise<ModuleServices> {
  const services: Partial<Services> = {};
  const started: Started[] = [];

  async function close(): Promise<void> {
    const end = performance.now() + CLOSE_MS;
    for (const each of started.splice(0).reverse()) await closeModule(each, core, end);
  }

  try {
    for (const module of modules) {
      const own = await startModule(module, core);
      started.push({ module, own });
      if (typeof own !== 'object' || own === null)
        throw new ModuleError(module.name, 'services() must return an object of services, or nothing.');
      rejectTakenNames(module, own, services);
      Object.assign(services, own);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { services, close };
}

async function startModule(module: DefinedModule, core: Core): Promise<Partial<Services>> {
  const { name } = module;
  const timeoutError = () =>
    new ModuleError(
      name,
      `services() did not finish within ${DEADLINE_MS / 1000} seconds: give what it waits for a deadline.`,
    );
  const starting = async () => module.services?.({ ...core, log: core.log.child({ module: name }) }) ?? {};
  try {
    return await withDeadline(DEADLINE_MS, starting(), timeoutError);
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    throw new ModuleError(name, `services() failed: ${reasonOf(error)}`);
  }
}

/** Drizzle's message holds SQL and parameters. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return storageErrorIn(error)?.message ?? `${error.name}: ${error.message}`;
}

function rejectTakenNames({ name }: DefinedModule, own: object, others: object): void {
  const taken = Object.keys(own).find(
    (service) => isContextMember(service) || Object.hasOwn(others, service),
  );
  if (taken !== undefined)
    throw new ModuleError(
      name,
      `the service ${taken} has the name of a member of the context or of another module's service: rename it.`,
    );
}

/** A failure is logged: the others are closed all the same. */
async function closeModule({ module, own }: Started, { log }: Core, end: number): Promise<void> {
  const timeoutError = () =>
    new ModuleError(module.name, `close() did not finish within ${CLOSE_MS / 1000} seconds.`);
  try {
    await withDeadline(end - performance.now(), Promise.resolve(module.close?.(own)), timeoutError);
  } catch (error) {
    log.error({ err: error, module: module.name }, 'closing the module failed');
  }
}
