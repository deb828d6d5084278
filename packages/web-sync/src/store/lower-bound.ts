/** The index of the first item that is not below what is looked for; all that are below come first. The length of the list: all are. */
export function lowerBound<Item>(items: readonly Item[], isBelow: (item: Item) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBelow(items[middle] as Item)) low = middle + 1
    else high = middle
  }
  return low
}
