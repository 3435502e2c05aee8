// From places in a log to places of a scroll bar, and back, where the bar has fewer pixels.

const EDGE = 20_000;

/**
 * A place in a range of `from` pixels as one in a range of `to`. Near both ends a pixel is a pixel,
 * as there would be too few left to scroll with otherwise.
 */
export function scale(at, from, to) {
  const edge = Math.min(EDGE, from / 4, to / 4);
  if (Math.abs(from - to) < 1 || edge <= 0 || at < edge) return at;
  if (at > from - edge) return to - (from - at);
  return edge + ((at - edge) / (from - 2 * edge)) * (to - 2 * edge);
}
