import { GraphQLError } from 'graphql';
import type { Builder } from './builder.ts';

export function defineScalars(builder: Builder): void {
  builder.scalarType('DateTime', {
    description: 'A time in UTC with milliseconds, as RFC 3339: 2026-01-31T09:30:00.000Z.',
    specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
    serialize: (value) => value.toISOString(),
    parseValue: (value) => {
      const date = typeof value === 'string' ? new Date(value) : new Date(Number.NaN);
      if (Number.isNaN(date.getTime()))
        throw new GraphQLError('A DateTime must be a string such as 2026-01-31T09:30:00.000Z.');
      return date;
    },
  });

  builder.scalarType('Date', {
    description: 'A calendar day: 2026-01-31.',
    specifiedByURL: 'https://scalars.graphql.org/andimarek/local-date',
    serialize: (value) => value,
    parseValue: (value) => {
      if (typeof value === 'string' && isCalendarDay(value)) return value;
      throw new GraphQLError('A Date must be a string such as 2026-01-31.');
    },
  });

  builder.scalarType('LenientBoolean', {
    description:
      'A boolean as phones send it: true, false, 1, 0, or one of these as a string; an empty string is false. Input only.',
    specifiedByURL: 'https://www.w3.org/TR/xmlschema11-2/#boolean',
    serialize: (value) => value,
    parseValue: (value) => {
      if (value === true || value === 1 || value === 'true' || value === '1') return true;
      if (value === false || value === 0 || ['false', '0', ''].includes(String(value))) return false;
      throw new GraphQLError('A LenientBoolean must be true, false, "true" or "false".');
    },
  });
}

function isCalendarDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(text).toJSON()?.startsWith(text) === true;
}
