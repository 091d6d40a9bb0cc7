import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description: 'A moment in UTC, as RFC 3339 with milliseconds: 2026-01-31T09:30:00.000Z.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const date = typeof value === 'string' ? new Date(value) : new Date(Number.NaN);
    if (Number.isNaN(date.getTime()))
      throw new GraphQLError('A DateTime is a text such as 2026-01-31T09:30:00.000Z.');
    return date;
  },
});

builder.scalarType('LenientBoolean', {
  description: 'true or false, also as the texts "true" and "false": phones send both.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false' || value === '') return false;
    throw new GraphQLError('A LenientBoolean is true, false, "true" or "false".');
  },
});
