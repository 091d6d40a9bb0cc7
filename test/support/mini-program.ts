import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { transformSync } from 'esbuild';

type Options = Record<string, unknown> & { data?: Record<string, unknown> };

/** Requires a module by its path in the folder, without extension, or a package by its name. */
export type Load = (name: string) => unknown;

/**
 * Runs TypeScript of a folder in a world that has ECMAScript, timers and these names, as DevTools and bundlers do.
 * @param modules the files of packages, or what stands in for a module, by name
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

/** A page that is open: its data, and its functions by the name that the template calls them by. */
export type OpenPage = {
  data: Record<string, unknown>;
  call(name: string, detail?: unknown): Promise<unknown>;
};

export type MiniProgram = {
  pages: readonly string[];
  /** Opens the page: onLoad, onShow. */
  open(path: string): Promise<OpenPage>;
  load: Load;
};

/**
 * Starts a mini program: wx, and App and Page in the shape that the documents give them.
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
      if (!options) throw new Error(`${path} registers no page`);
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

/** The functions that a template binds to events. */
export function handlersIn(wxml: string): string[] {
  return [...wxml.matchAll(/\sbind:?\w+="(\w+)"/g)].map(([, name = '']) => name);
}

export function filesOf(folder: string, page: string): string[] {
  return ['ts', 'json', 'wxml', 'wxss']
    .map((extension) => join(folder, `${page}.${extension}`))
    .filter((file) => existsSync(file));
}
