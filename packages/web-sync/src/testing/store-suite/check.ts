import { type JsonValue, isEqualJson } from 'web-sync-protocol'

/** Fails unless both are equal as JSON (a missing field and undefined are the same). */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  if (isEqualJson(toJson(actual), toJson(expected))) return
  throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`)
}

/** Fails unless the statement holds. */
export function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`${what}: does not hold`)
}

/** Fails unless the promise rejects with an error of this code; returns the error's path. */
export async function checkRejects(promise: Promise<unknown>, code: string, what: string): Promise<string | undefined> {
  try {
    await promise
  } catch (error) {
    const fault = error as { readonly code?: string; readonly path?: string }
    if (fault.code !== code) throw new Error(`${what}: expected '${code}', got ${String(error)}`, { cause: error })
    return fault.path
  }
  throw new Error(`${what}: expected '${code}', but it did not fail`)
}

function toJson(value: unknown): JsonValue {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as JsonValue)
}

function show(value: unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value)
}
