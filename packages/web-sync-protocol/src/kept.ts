/**
 * Which checkpoints are kept: the last 16; of the last 64 those whose n is divisible by 4; of the last 256 by 16; and so on by powers
 * of 4; and those whose n is a power of 2, so that a backup from early in a partnership's life has one too. The same rule on both sides
 * and without a clock, so that what one still has the other has too (docs/protocol.md section 5).
 *
 * @param n number of the checkpoint that is judged
 * @param newest number of the newest presented checkpoint; a larger n is always kept
 */
export function isKept(n: number, newest: number): boolean {
  const distance = newest - n
  let window = 16
  let step = 1
  while (distance >= window) {
    window *= 4
    step *= 4
  }
  return n % step === 0 || Number.isInteger(Math.log2(n))
}
