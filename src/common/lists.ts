/** The items of a comma-separated list, trimmed, without empty ones. */
export function splitList(text = ''): string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}
