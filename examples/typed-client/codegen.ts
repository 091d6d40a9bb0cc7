import type { CodegenConfig } from '@graphql-codegen/cli';

/** Documents become typed strings: no GraphQL library is bundled. */
const options = {
  preset: 'client',
  presetConfig: { fragmentMasking: false },
  config: {
    documentMode: 'string',
    enumsAsTypes: true,
    useTypeImports: true,
    strictScalars: true,
    scalars: {
      DateTime: 'string',
      Date: 'string',
      LenientBoolean: { input: 'boolean | string', output: 'boolean' },
    },
  },
};

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  generates: {
    './src/gql/': {
      ...options,
      documents: './src/*.ts',
      config: { ...options.config, emitLegacyCommonJSImports: false },
    },
    '../mini-program/miniprogram/gql/': {
      ...options,
      documents: '../mini-program/miniprogram/operations.graphql',
    },
  },
};

export default config;
