import { defineConfig } from 'vitest/config';

export default defineConfig({
  // As Node does: with two copies of graphql, `instanceof GraphQLError` would mean nothing.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/cluster/**'],
    globalSetup: ['test/support/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
