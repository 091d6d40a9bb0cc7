import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { transformSync } from 'esbuild';

type Options = Record<string, unknown> & { data?: Record<string, unknown> };

/** A page that is open: its data, and its functions by the name that the template calls them by. */
export type OpenPage = {
  data: Record<string, unknown>;
  call(name: string, detail?: unknown): Promise<unknown>;
};

export type MiniProgram = {
  pages: readonly string[];
  /** Opens the page: onLoad, onShow. */
  open(path: string): Promise<OpenPage>;
};

/**
 * Runs a mini program's own files in a world that has ECMAScript, timers, wx, and App and Page in the shape that
 * the documents give them. Source: https://developers.weixin.qq.com/miniprogram/dev/reference/api/Page.html
 * @param modules what stands in for files, by path without extension, and for packages, by name
 */
export const launch = (folder: string, wx: object, modules: Record<string, string | object>): MiniProgram => {
  const { pages }: { pages: string[] } = JSON.parse(readFileSync(join(folder, 'app.json'), 'utf8'));
  const registered: Options[] = [];
  const world = createContext({
    wx,
    setTimeout,
    clearTimeout,
    App: (options: Options) => void run(options, 'onLaunch', options, {}),
    Page: (options: Options) => void registered.push(options),
  });
  const loaded = new Map<string, unknown>();

  const load = (path: string): unknown => {
    if (loaded.has(path)) return loaded.get(path);
    const given = modules[path];
    if (typeof given === 'object') return given;
    const file = given ?? join(folder, `${path}.ts`);
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      loader: file.endsWith('.ts') ? 'ts' : 'js',
      format: 'cjs',
      target: 'es2018',
    });
    const module = { exports: {} };
    const require = (name: string) => load(name.startsWith('.') ? join(dirname(path), name) : name);
    loaded.set(path, module.exports);
    runInContext(`(function (module, exports, require) {${code}\n})`, world, { filename: file })(
      module,
      module.exports,
      require,
    );
    loaded.set(path, module.exports);
    return module.exports;
  };

  load('app');
  return {
    pages,
    async open(path) {
      loaded.delete(path);
      load(path);
      const options = registered.pop();
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
};

const run = async (options: Options, name: string, self: object, argument: unknown): Promise<unknown> => {
  const handler = options[name];
  return typeof handler === 'function' ? handler.call(self, argument) : undefined;
};

/** The functions that a template binds to events. */
export const handlersIn = (wxml: string): string[] =>
  [...wxml.matchAll(/\sbind:?\w+="(\w+)"/g)].map(([, name = '']) => name);

export const filesOf = (folder: string, page: string): string[] =>
  ['ts', 'json', 'wxml', 'wxss']
    .map((extension) => join(folder, `${page}.${extension}`))
    .filter((file) => existsSync(file));
