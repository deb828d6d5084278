/**
 * A record's version: the change number that made it and 64 random bits, written `<number>-<16 hexadecimal digits>`.
 *
 * The number alone would not do: after a restore the partner uses numbers again (docs/protocol.md section 4).
 */
export type RecordVersion = string

const VERSION = /^([1-9][0-9]{0,15})-([0-9a-f]{16})$/

/** The change number of a version; NaN-free because versions are parsed at the door. */
export function versionNumber(version: RecordVersion): number {
  return Number(version.slice(0, version.indexOf('-')))
}

/** The 64 random bits of a version, as 16 hexadecimal digits. */
export function versionBits(version: RecordVersion): string {
  return version.slice(version.indexOf('-') + 1)
}

/** Builds a version from its change number and 16 hexadecimal digits. */
export function makeVersion(number: number, bits: string): RecordVersion {
  return `${number}-${bits}`
}

/** True for a well-formed version with a safe number. */
export function isRecordVersion(value: unknown): value is RecordVersion {
  if (typeof value !== 'string') return false
  // Thousands in a page: no match is made of each.
  return VERSION.test(value) && Number.isSafeInteger(versionNumber(value))
}
