import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { transformSync } from 'esbuild';

type Options = Record<string, unknown> & { data?: Record<string, unknown> };

/** Requires a module by its path in the folder, without extension, or a package by name. */
export type Load = (name: string) => unknown;

/**
 * Runs the TypeScript of a folder in a context with ECMAScript, timers and the given names only.
 * @param names globals, such as wx
 * @param modules by name: the file of a package, or an object that replaces a module
 */
export function createLoader(
  folder: string,
  names: Record<string, unknown>,
  modules: Record<string, string | object>,
): Load {
  const world = createContext({ setTimeout, clearTimeout, ...names });
  const loaded = new Map<string, unknown>();
  const load: Load = (name) => {
    const known = loaded.get(name);
    if (known) return known;
    const given = modules[name];
    if (typeof given === 'object') return given;
    const file = given ?? join(folder, `${name}.ts`);
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      loader: file.endsWith('.ts') ? 'ts' : 'js',
      format: 'cjs',
      target: 'es2018',
    });
    const module = { exports: {} };
    const require = (other: string) => load(other.startsWith('.') ? join(dirname(name), other) : other);
    const body = runInContext(`(function (module, exports, require) {${code}\n})`, world, { filename: file });
    body(module, module.exports, require);
    loaded.set(name, module.exports);
    return module.exports;
  };
  return load;
}

/** An open page: its data, and its handlers by name. */
export type OpenPage = {
  data: Record<string, unknown>;
  call(name: string, detail?: unknown): Promise<unknown>;
};

export type MiniProgram = {
  pages: readonly string[];
  /** Opens the page: calls onLoad, then onShow. */
  open(path: string): Promise<OpenPage>;
  load: Load;
};

/**
 * Starts a mini program with wx and the documented App and Page.
 * Source: https://developers.weixin.qq.com/miniprogram/dev/reference/api/Page.html
 */
export function launch(folder: string, wx: object, modules: Record<string, string | object>): MiniProgram {
  const { pages }: { pages: string[] } = JSON.parse(readFileSync(join(folder, 'app.json'), 'utf8'));
  const registered = new Map<string, Options>();
  let loading = '';
  const names = {
    wx,
    App: (options: Options) => void run(options, 'onLaunch', options, {}),
    Page: (options: Options) => void registered.set(loading, options),
  };
  const load = createLoader(folder, names, modules);
  load('app');
  return {
    pages,
    load,
    async open(path) {
      loading = path;
      load(path);
      const options = registered.get(path);
      if (!options) throw new Error(`${path} does not call Page`);
      const page = {
        ...options,
        data: structuredClone(options.data ?? {}),
        setData: (change: object) => void Object.assign(page.data, change),
      };
      await run(options, 'onLoad', page, {});
      await run(options, 'onShow', page, undefined);
      return {
        data: page.data,
        call: async (name, detail) => {
          if (typeof options[name] !== 'function') throw new Error(`${path} has no ${name}`);
          return run(options, name, page, { detail });
        },
      };
    },
  };
}

async function run(options: Options, name: string, self: object, argument: unknown): Promise<unknown> {
  const handler = options[name];
  return typeof handler === 'function' ? handler.call(self, argument) : undefined;
}

/** The handlers that a template binds to events. */
export function handlersIn(wxml: string): string[] {
  return [...wxml.matchAll(/\sbind:?\w+="(\w+)"/g)].map(([, name = '']) => name);
}

/** The files of a page that exist. */
export function filesOf(folder: string, page: string): string[] {
  return ['ts', 'json', 'wxml', 'wxss']
    .map((extension) => join(folder, `${page}.${extension}`))
    .filter((file) => existsSync(file));
}
