import { cpSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProject } from './support/package.ts';
import { type Ended, run } from './support/project.ts';

const COMPILERS = ['node_modules/typescript', 'node_modules/typescript-5.9'];

/** The settings of the starter, whose compiler is either of the two. */
const OPTIONS = {
  target: 'ES2023',
  lib: ['ES2024'],
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  noEmit: true,
};

describe('a project of a team, with the declarations of the packed server', { timeout: 180_000 }, () => {
  let project: string;
  beforeAll(async () => {
    project = await createProject();
    cpSync('examples/starter/src/notes', join(project, 'notes'), { recursive: true });
    cpSync('test/types/team', project, { recursive: true });
  }, 180_000);

  /** TypeScript 7 is that of the root; the project has installed 5.9. */
  const compile = (compiler: string, options: object): Promise<Ended> => {
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...OPTIONS, ...options }, include: ['*.ts', 'notes/*.ts'] }),
    );
    const folder = compiler.endsWith('5.9') ? project : resolve('.');
    return run(process.execPath, [join(folder, compiler, 'bin/tsc'), '-p', project], { cwd: project });
  };

  test.each(COMPILERS)('%s accepts what is right and rejects what is wrong', async (compiler) => {
    expect(await compile(compiler, { skipLibCheck: true })).toEqual({ code: 0, output: '' });
  });

  test('the compiler finds no error in our declarations either', async () => {
    const { output } = await compile('node_modules/typescript', { skipLibCheck: false });
    expect(output.split('\n').filter((line) => !/^(\s|node_modules\/(?!weapp-login))/.test(line))).toEqual([
      '',
    ]);
  });
});
