/**
 * The smallest Standard Schema that serves: enough for flat records. An app of any size would take zod, valibot or arktype here;
 * web-sync accepts them all.
 */
import type { StandardSchema } from 'web-sync/schema'

/** Complains about a value, or finds it good. */
type Check = (value: unknown) => string | null

/** One fault, and the field that has it. */
interface Issue {
  readonly message: string
  readonly path?: readonly string[]
}

/** A string of 1 to `max` UTF-16 units. */
export function text(max: number): Check {
  return (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= max
      ? null
      : `must be a text of 1 to ${max} characters`
}

/** An integer between `min` and `max`, both included. */
export function integer(min: number, max: number): Check {
  return (value) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
      ? null
      : `must be an integer from ${min} to ${max}`
}

/** A number between `min` and `max`, both included. */
export function number(min: number, max: number): Check {
  return (value) =>
    typeof value === 'number' && value >= min && value <= max ? null : `must be a number from ${min} to ${max}`
}

/** The field may be missing. */
export function optional(check: Check): Check {
  return (value) => (value === undefined ? null : check(value))
}

/** An object with exactly these fields. */
export function record<Value extends { id: string }>(
  checks: Readonly<Record<keyof Value & string, Check>>,
): StandardSchema<Value> {
  const checkByField = checks as Readonly<Record<string, Check>>
  return {
    '~standard': {
      version: 1,
      vendor: 'field-notes',
      validate: (value) => {
        const issue = findIssue(checkByField, value)
        return issue === null ? { value: value as Value } : { issues: [issue] }
      },
    },
  }
}

function findIssue(checkByField: Readonly<Record<string, Check>>, value: unknown): Issue | null {
  if (typeof value !== 'object' || value === null) return { message: 'must be an object' }
  const fields = value as Readonly<Record<string, unknown>>
  for (const field of Object.keys(checkByField)) {
    const message = (checkByField[field] as Check)(Object.hasOwn(fields, field) ? fields[field] : undefined)
    if (message !== null) return { message, path: [field] }
  }
  const stranger = Object.keys(fields).find((field) => !Object.hasOwn(checkByField, field))
  return stranger === undefined ? null : { message: 'is not a field of this record', path: [stranger] }
}
