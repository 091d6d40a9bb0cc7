import { defineConfig } from 'drizzle-kit';

const dialect = process.env.DIALECT === 'mysql' ? 'mysql' : 'sqlite';

export default defineConfig({
  dialect,
  schema: `src/notes/tables.${dialect}.ts`,
  out: `migrations/notes/${dialect}`,
});
