import { isStorableString } from '../values/check-value.ts'

/** Thrown by parsers inside this package, caught at each door ({@link parseWith}): a fault and where it is. */
export class ParseFault extends Error {
  /** JSON pointer to the fault. */
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** The parsed value, or why it is malformed and where. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly path: string; readonly message: string }

/** Runs a parser at the door: its faults become values, anything else is a bug and is thrown on. */
export function parseWith<T>(parser: (input: unknown, path: string) => T, input: unknown): Parsed<T> {
  try {
    return { ok: true, value: parser(input, '') }
  } catch (error) {
    if (error instanceof ParseFault) return { ok: false, path: error.path, message: error.message }
    throw error
  }
}

/** An object; its fields are `unknown`. */
export function parseObject(input: unknown, path: string): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new ParseFault(path, 'must be an object')
  return input as Record<string, unknown>
}

/**
 * An array of at most `max` elements, each parsed. The parser of an element is given no path: most elements are good, and their paths
 * would cost more than they do.
 */
export function parseArray<T>(
  input: unknown,
  path: string,
  max: number,
  element: (input: unknown, path: string) => T,
): T[] {
  if (!Array.isArray(input)) throw new ParseFault(path, 'must be an array')
  if (input.length > max) throw new ParseFault(path, `must have at most ${max} elements`)
  const parsed: T[] = []
  // Not `map`, which skips the holes of a sparse array: over a MessagePort they arrive.
  for (let index = 0; index < input.length; index += 1) {
    try {
      parsed.push(element(input[index], ''))
    } catch (error) {
      if (error instanceof ParseFault) throw new ParseFault(`${path}/${index}${error.path}`, error.message)
      throw error
    }
  }
  return parsed
}

/** A storable string of 1 to `max` UTF-16 units. */
export function parseText(input: unknown, path: string, max: number): string {
  if (typeof input !== 'string') throw new ParseFault(path, 'must be a string')
  if (input.length === 0 || input.length > max) throw new ParseFault(path, `must have 1 to ${max} characters`)
  if (!isStorableString(input)) throw new ParseFault(path, 'must be well-formed Unicode without U+0000')
  return input
}

/** A string that matches a pattern. */
export function parsePattern(input: unknown, path: string, pattern: RegExp, what: string): string {
  if (typeof input !== 'string' || !pattern.test(input)) throw new ParseFault(path, `must be ${what}`)
  return input
}

/** An integer between `min` and `max`, both included. */
export function parseInteger(input: unknown, path: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof input !== 'number' || !Number.isSafeInteger(input) || input < min || input > max) {
    throw new ParseFault(path, `must be an integer from ${min} to ${max}`)
  }
  return input
}

/** A boolean. */
export function parseBoolean(input: unknown, path: string): boolean {
  if (typeof input !== 'boolean') throw new ParseFault(path, 'must be true or false')
  return input
}

/** One of some strings. */
export function parseOneOf<T extends string>(input: unknown, path: string, options: readonly T[]): T {
  if (!options.includes(input as T)) throw new ParseFault(path, `must be one of ${options.join(', ')}`)
  return input as T
}

/** What `parser` gives, or null for null and undefined. */
export function parseOptional<T>(input: unknown, path: string, parser: (input: unknown, path: string) => T): T | null {
  return input === null || input === undefined ? null : parser(input, path)
}
