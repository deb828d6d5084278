/** Bytes of a block. */
const BLOCK = 64

/**
 * SHA-256 of a text's UTF-8 bytes (FIPS 180-4), as 64 lower-case hexadecimal digits. Synchronous, and without `crypto.subtle`, which pages without
 * https do not have. For names of a few hundred bytes; throws a URIError for a lone surrogate.
 */
export function sha256(text: string): string {
  const state = firstBits(8, 2)
  const constants = firstBits(64, 3)
  const bytes = pad(utf8(text))
  for (let start = 0; start < bytes.length; start += BLOCK)
    addBlock(state, constants, bytes.subarray(start, start + BLOCK))
  return [...state].map((word) => word.toString(16).padStart(8, '0')).join('')
}

/** The first 32 bits behind the point of the square (`root` 2) or cube roots of the first primes. */
function firstBits(count: number, root: 2 | 3): Uint32Array {
  const words = new Uint32Array(count)
  for (let [found, candidate] = [0, 2]; found < count; candidate += 1) {
    let divisor = 2
    while (divisor < candidate && candidate % divisor !== 0) divisor += 1
    if (divisor < candidate) continue
    words[found] = ((root === 2 ? Math.sqrt(candidate) : Math.cbrt(candidate)) % 1) * 2 ** 32
    found += 1
  }
  return words
}

function utf8(text: string): number[] {
  const bytes: number[] = []
  const encoded = encodeURIComponent(text)
  for (let index = 0; index < encoded.length; index += 1) {
    const isEscape = encoded[index] === '%'
    bytes.push(isEscape ? Number.parseInt(encoded.slice(index + 1, index + 3), 16) : encoded.charCodeAt(index))
    if (isEscape) index += 2
  }
  return bytes
}

/** A one bit, zeros, and the length in bits, up to whole blocks. */
function pad(bytes: readonly number[]): Uint8Array {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK) * BLOCK)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  new DataView(padded.buffer).setUint32(padded.length - 4, bytes.length * 8)
  return padded
}

function addBlock(state: Uint32Array, constants: Uint32Array, block: Uint8Array): void {
  const words = new Uint32Array(64)
  const at = (index: number): number => words[index] as number
  for (let index = 0; index < 64; index += 1) {
    words[index] =
      index < 16
        ? new DataView(block.buffer, block.byteOffset).getUint32(index * 4)
        : at(index - 16) +
          (rotate(at(index - 15), 7) ^ rotate(at(index - 15), 18) ^ (at(index - 15) >>> 3)) +
          at(index - 7) +
          (rotate(at(index - 2), 17) ^ rotate(at(index - 2), 19) ^ (at(index - 2) >>> 10))
  }
  const after = words.reduce((round: Round, word, index) => step(round, word + (constants[index] as number)), [
    ...state,
  ] as Round)
  for (const [index, word] of after.entries()) state[index] = (state[index] as number) + word
}

type Round = [a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number]

function step([a, b, c, d, e, f, g, h]: Round, word: number): Round {
  const one = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + word
  const two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
  return [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g]
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
