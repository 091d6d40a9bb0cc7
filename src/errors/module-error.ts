/** A module cannot be used. The message says why, and what to do. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  /** Its name. */
  readonly module: string;

  constructor(module: string, fault: string) {
    super(`Module ${module}: ${fault}`);
    this.module = module;
  }
}
