/**
 * Compares two well-formed strings by the bytes of their UTF-8 form, as SQLite's BINARY and PostgreSQL's COLLATE "C" do. Code units
 * would put U+E000 … U+FFFF behind the characters beyond U+FFFF, so a surrogate is lifted over all other units.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return lift(left) - lift(right)
  }
  return a.length - b.length
}

function lift(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
