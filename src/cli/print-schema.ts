import { writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../schema/index.ts';

/** Prints the schema, into the file that is named or to standard output. */
const [file] = process.argv.slice(2);
const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
if (file) writeFileSync(file, text);
else process.stdout.write(text);
