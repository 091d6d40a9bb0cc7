/** graphql-js quotes names and values of the request in its messages, up to 64 KB of them. */
const MAX_CHARS = 300;

/** Cuts out the middle, where the value is quoted. */
export function shortenMessage(message: string): string {
  if (message.length <= MAX_CHARS) return message;
  const half = MAX_CHARS / 2;
  return `${message.slice(0, half)} … ${message.slice(-half)}`.toWellFormed();
}

const SUGGESTION = ' Did you mean ';

/** Removes the suggested names at the end; for errors of values graphql-js has no option for it. Linear. */
export function redactSuggestions(message: string): string {
  if (!message.endsWith('?')) return message;
  const start = message.lastIndexOf(SUGGESTION);
  return start < 0 ? message : message.slice(0, start);
}

/** A message of graphql-js as clients may see it. */
export function publicMessage(message: string, suggestions: boolean): string {
  return shortenMessage(suggestions ? message : redactSuggestions(message));
}
