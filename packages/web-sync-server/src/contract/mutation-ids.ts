/** Ids of mutations as one text of a storage; null: none, as of most records. */
export function writeIds(ids: readonly string[] = []): string | null {
  return ids.length === 0 ? null : ids.join(' ')
}

/** The ids that {@link writeIds} has written. */
export function readIds(text: string | null): readonly string[] {
  return text === null ? [] : text.split(' ')
}
