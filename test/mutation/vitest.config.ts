import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';
import { sourceFiles, withSwitches } from './mutants.ts';

const files = new Set(sourceFiles());

/** A server that closes waits half a second for requests on their way, which takes longer than most tests. */
function withoutWaiting(source: string): string {
  return process.env.MUTATION_ROOMS === 'http' ? source : source.replace(/(?<=LINGER_MS = )\d+/, '20');
}

export default defineConfig({
  ...base,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform(source, id) {
        const file = relative(process.cwd(), id);
        return files.has(file) ? { code: withSwitches(file, withoutWaiting(source)), map: null } : undefined;
      },
    },
  ],
  test: {
    ...base.test,
    runner: 'test/mutation/runner.ts',
    execArgv: ['--expose-gc'],
    globalSetup: [process.env.TEST_MYSQL_URL ? 'test/support/setup.ts' : 'test/mutation/without-mariadb.ts'],
  },
});
