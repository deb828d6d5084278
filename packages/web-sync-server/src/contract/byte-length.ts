/** Length of a well-formed text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    // A surrogate pair has four bytes: two for each of its units. Others beyond U+07FF have three.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}

/** True if a text has more bytes in UTF-8 than `max`; most texts are too short or too long to be counted. */
export function isLongerThan(text: string, max: number): boolean {
  if (text.length * 3 <= max) return false
  return text.length > max || byteLength(text) > max
}
