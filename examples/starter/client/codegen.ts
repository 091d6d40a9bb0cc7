import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'client/schema.graphql',
  documents: 'client/operations.graphql',
  generates: {
    'client/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        useTypeImports: true,
        emitLegacyCommonJSImports: false,
        strictScalars: true,
        scalars: {
          DateTime: 'string',
          Date: 'string',
          LenientBoolean: { input: 'boolean | string', output: 'boolean' },
        },
      },
    },
  },
};

export default config;
