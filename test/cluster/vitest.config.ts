import { defineConfig } from 'vitest/config';
import main from '../../vitest.config.ts';

/** `npm run test:cluster`: needs three database servers, so `npm test` does not run it. */
export default defineConfig({
  ...main,
  test: {
    include: ['test/cluster/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
