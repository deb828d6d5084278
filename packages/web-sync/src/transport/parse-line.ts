import { type Parsed, parseWith } from 'web-sync-protocol'

/** What a line of JSON says, checked by `parser`. Never throws: `ok` is false for what is no JSON, or not of that shape. */
export function parseLine<T>(parser: (input: unknown, path: string) => T, text: string): Parsed<T> {
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch (error) {
    return { ok: false, path: '', message: String(error) }
  }
  return parseWith(parser, input)
}
