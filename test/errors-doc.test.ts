import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
}

/** Codes in a declaration: what stands in quotes between its beginning and its end, comments aside. */
function codesOfSource(path: string, begin: string, end: string): string[] {
  const source = read(path).replaceAll(/\/\*[\s\S]*?\*\//g, '')
  const from = source.indexOf(begin)
  expect(from).toBeGreaterThanOrEqual(0)
  const declaration = source.slice(from + begin.length, source.indexOf(end, from + begin.length))
  return [...declaration.matchAll(/'([a-z-]+)'|^\s+([a-z-]+): \d+/gm)].map(([, quoted, field]) => quoted ?? field ?? '')
}

/** Codes in the first column of a section's table. */
function codesOfDoc(heading: string): string[] {
  const section = read('docs/errors.md')
    .split('\n## ')
    .find((text) => text.startsWith(`${heading}\n`))
  return [...(section ?? '').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code ?? '')
}

const STATE = 'packages/web-sync-protocol/src/initiator/state.ts'
const PROBLEM = 'packages/web-sync-protocol/src/wire/problem.ts'

it.each([
  ["Errors of the app's calls", 'packages/web-sync/src/contract/errors.ts', 'SYNC_ERROR_CODES = [', '] as const'],
  ['Refusals', 'packages/web-sync-protocol/src/wire/outcome.ts', 'REFUSAL_CODES = [', '] as const'],
  ['Set aside', STATE, "readonly type: 'setAside'; readonly mutationId: string; readonly code:", '}'],
  ['Halted', STATE, 'type HaltCode =', '\n\n'],
  ['Waiting', STATE, 'type FailureReason =', '\n\n'],
  ['Reports', 'packages/web-sync/src/contract/worker-api.ts', 'type ReportCode =', '\n\n'],
  ['Problems', PROBLEM, 'PROBLEM_STATUS = {', '} as const'],
  [
    "Errors of the partner's program",
    'packages/web-sync-server/src/contract/errors.ts',
    'type PartnerErrorCode =',
    '\n\n',
  ],
])('docs/errors.md, «%s», has every code of the source, once, and no other', (heading, path, begin, end) => {
  const codes = codesOfSource(path, begin, end)
  expect(codes.length).toBeGreaterThan(1)
  expect(codesOfDoc(heading).toSorted()).toEqual(codes.toSorted())
})

it('docs/errors.md gives each problem the HTTP status of the source', () => {
  const source = read(PROBLEM)
  const declared = [...source.matchAll(/^ {2}'?([a-z-]+)'?: (\d{3}),$/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  )
  const documented = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  )
  expect(declared.length).toBeGreaterThan(10)
  expect(documented.toSorted()).toEqual(declared.toSorted())
})
