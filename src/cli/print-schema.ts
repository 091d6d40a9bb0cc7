import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchema } from '../schema/index.ts';

/** Prints the schema to the file that the first argument names, or to standard output. */
const [file] = process.argv.slice(2);
const text = `${printSchema(lexicographicSortSchema(buildSchema()))}\n`;
if (file) writeFileSync(file, text);
else process.stdout.write(text);
