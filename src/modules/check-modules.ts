import { GraphQLError } from 'graphql';
import { MODULE_NAME, ROLE_NAME } from '../common/identifiers.ts';
import { isRecord } from '../common/json.ts';
import { packageVersion } from '../common/package-file.ts';
import { ERROR_ACTIONS, ERROR_CODES, type ErrorTable } from '../errors/codes.ts';
import { ModuleError } from '../errors/module-error.ts';
import type { Vocabulary } from '../schema/core-types.ts';
import { CORE_ROLES, type RoleTable } from '../schema/roles.ts';
import type { DefinedModule } from './module.ts';

/** They begin names of our tables, or paths of our routes. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['user', 'rate', 'weapp', 'weapp_login'],
  ...['graphql', 'wechat', 'health', 'ready', 'errors', 'sandbox', 'metrics'],
]);
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/**
 * Checks what modules declare, before anything is opened.
 * @param roleNames of the variable ROLES
 * @returns the roles and error codes of the core and of all modules
 * @throws {ModuleError}
 */
export function checkModules(modules: readonly DefinedModule[], roleNames: readonly string[]): Vocabulary {
  let roles = configuredRoles(roleNames);
  let errorCodes: ErrorTable = ERROR_CODES;
  for (const [i, module] of modules.entries()) {
    const earlier = modules.slice(0, i).map(({ name }) => name);
    checkShape(module);
    checkVersion(module);
    checkName(module, earlier);
    checkRoutes(module);
    roles = addRoles(roles, module);
    errorCodes = addErrorCodes(errorCodes, module);
  }
  return { roles, errorCodes };
}

type Shape = { words: string; isRight(value: unknown): boolean };

const FUNCTION: Shape = { words: 'a function', isRight: (value) => typeof value === 'function' };
const NAMES: Shape = {
  words: 'a list of texts',
  isRight: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};
const OBJECTS: Shape = {
  words: 'an object of objects',
  isRight: (value) => isRecord(value) && Object.values(value).every(isRecord),
};
const SHAPES: Readonly<Record<string, Shape>> = {
  requires: NAMES,
  public: NAMES,
  migrations: {
    words: "a URL: new URL('../migrations/', import.meta.url)",
    isRight: (value) => value instanceof URL,
  },
  roles: OBJECTS,
  errors: OBJECTS,
  schema: FUNCTION,
  services: FUNCTION,
  close: FUNCTION,
  routes: {
    words: 'an object of functions',
    isRight: (value) => isRecord(value) && Object.values(value).every(FUNCTION.isRight),
  },
};

/** In JavaScript, a module may have any shape. */
function checkShape(module: unknown): void {
  if (!isRecord(module) || typeof module.name !== 'string')
    throw new ModuleError('(without a name)', 'is not a module: pass what defineModule returns.');
  for (const [member, { words, isRight }] of Object.entries(SHAPES))
    if (module[member] !== undefined && !isRight(module[member]))
      throw new ModuleError(module.name, `\`${member}\` must be ${words}.`);
}

function checkVersion({ name, builtWith, errorClass }: Partial<DefinedModule>): void {
  if (builtWith === undefined)
    throw new ModuleError(String(name), 'was not made by defineModule: wrap it in defineModule({ … }).');
  if (errorClass !== GraphQLError)
    throw new ModuleError(
      String(name),
      'uses another copy of graphql, so its errors would be unknown: `npm ls graphql` shows where. Install one.',
    );
  const version = packageVersion();
  if (compatibilityOf(builtWith) !== compatibilityOf(version))
    throw new ModuleError(
      String(name),
      `was built with weapp-login ${builtWith}, which is not compatible with ${version}: install a version of the module for weapp-login ${version}.`,
    );
}

/** Versions with the same value are compatible: of 1.4.2 it is 1, of 0.4.2 it is 0.4. */
function compatibilityOf(version: string): string {
  const [major = '', minor = ''] = version.split('.');
  return major === '0' ? `0.${minor}` : major;
}

function checkName({ name, requires = [] }: DefinedModule, earlier: readonly string[]): void {
  if (!MODULE_NAME.test(name))
    throw new ModuleError(
      name,
      'the name is invalid: use at most 32 small letters, digits and _, beginning with a letter.',
    );
  if (RESERVED.has(name))
    throw new ModuleError(name, 'the name is reserved for tables or routes of weapp-login: choose another.');
  if (earlier.includes(name))
    throw new ModuleError(name, 'the name is used twice: list each module once, or rename one of them.');
  const missing = requires.filter((required) => !earlier.includes(required));
  if (missing.length > 0)
    throw new ModuleError(
      name,
      `requires ${missing.join(', ')}: put it before ${name} in the list of modules.`,
    );
}

function checkRoutes({ name, routes = {} }: DefinedModule): void {
  const foreign = Object.keys(routes).find((path) => !path.startsWith(`/${name}/`));
  if (foreign !== undefined)
    throw new ModuleError(name, `the route ${foreign} is not below /${name}/: rename it to /${name}/….`);
  const odd = Object.keys(routes).find((path) => path.replace(/\/\*$/, '').includes('*'));
  if (odd !== undefined)
    throw new ModuleError(name, `the route ${odd} has a * that is not its last segment: write /${name}/*.`);
}

function addRoles(roles: RoleTable, { name, roles: own = {} }: DefinedModule): RoleTable {
  for (const role of Object.keys(own)) {
    if (!ROLE_NAME.test(role))
      throw new ModuleError(
        name,
        `the role ${role} is invalid: use at most 16 capital letters, digits and _, beginning with a letter.`,
      );
    if (Object.hasOwn(roles, role))
      throw new ModuleError(
        name,
        `the role ${role} exists already, in weapp-login, in ROLES or in an earlier module: rename one.`,
      );
  }
  return { ...roles, ...own };
}

function addErrorCodes(codes: ErrorTable, { name, errors = {} }: DefinedModule): ErrorTable {
  const own: ErrorTable = { ...errors };
  const prefix = `${name.toUpperCase()}_`;
  for (const [code, { action, meaning }] of Object.entries(own)) {
    if (!CODE.test(code) || !code.startsWith(prefix))
      throw new ModuleError(name, `the error code ${code} must begin with ${prefix}, in capital letters.`);
    if (Object.hasOwn(codes, code))
      throw new ModuleError(name, `the error code ${code} exists already: rename it.`);
    if (!Object.hasOwn(ERROR_ACTIONS, action) || !meaning)
      throw new ModuleError(
        name,
        `the error code ${code} needs a meaning, and one of the actions ${Object.keys(ERROR_ACTIONS).join(', ')}.`,
      );
  }
  return { ...codes, ...own };
}

const ROLE_OF_CONFIGURATION = { description: 'A role of this installation (ROLES).' };

function configuredRoles(names: readonly string[]): RoleTable {
  return { ...CORE_ROLES, ...Object.fromEntries(names.map((name) => [name, ROLE_OF_CONFIGURATION])) };
}
