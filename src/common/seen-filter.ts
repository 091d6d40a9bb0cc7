/** Remembers that a text was seen, in constant memory: it forgets, but hardly ever mistakes one text for another. */
export type SeenFilter = {
  /** Whether this text was seen recently; marks it as seen. */
  check(text: string): boolean;
};

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** @param slots of 4 bytes each; a power of two. A text that falls into the slot of another replaces it. */
export function createSeenFilter(slots: number): SeenFilter {
  const hashes = new Uint32Array(slots);
  return {
    check(text) {
      const hash = hashOf(text);
      // One bit is always set, so that an empty slot matches no text.
      const mark = (hash | 1) >>> 0;
      const slot = (hash >>> 1) % slots;
      if (hashes[slot] === mark) return true;
      hashes[slot] = mark;
      return false;
    },
  };
}

/** FNV-1a of the UTF-16 code units. */
function hashOf(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash >>> 0;
}
