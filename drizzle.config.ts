import { defineConfig } from 'drizzle-kit';

const dialect = process.env.DIALECT === 'sqlite' ? 'sqlite' : 'mysql';

export default defineConfig({
  dialect,
  schema: `./src/storage/${dialect}.schema.ts`,
  out: `./drizzle/${dialect}`,
});
