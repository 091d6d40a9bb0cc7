/** graphql-js quotes values in its messages. */
const MAX_CHARS = 300;

/** Cuts out the middle, where the value is quoted. */
export function shortenMessage(message: string): string {
  if (message.length <= MAX_CHARS) return message;
  const half = MAX_CHARS / 2;
  return `${message.slice(0, half)} … ${message.slice(-half)}`.toWellFormed();
}

/** Removes suggested names; for errors of values graphql-js has no option for it. */
export function redactSuggestions(message: string): string {
  return message.replace(/ Did you mean .*\?$/s, '');
}
