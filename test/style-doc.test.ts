import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** Text without the marks and breaks of comments. */
function flatten(text: string): string {
  return text.replaceAll(/\n\s*(\*|\/\/)?\s*/g, ' ')
}

it('docs/internals/style.md shows ten pairs: the first line is gone, the second stands in the file', () => {
  const pairs = [
    ...read('docs/internals/style.md').matchAll(/^\d+\. `([^`]+)`[^\n]*\n\n +> before: (.*)\n +>\n +> after: (.*)$/gm),
  ]
  expect(pairs).toHaveLength(10)
  for (const [, file = '', before = '', after = ''] of pairs) {
    const source = flatten(read(file))
    expect([file, source.includes(after)]).toEqual([file, true])
    expect([file, source.includes(before)]).toEqual([file, false])
  }
})

/** The rows of the tables, by the words that they define. */
function glossary(): { readonly words: readonly string[]; readonly cells: readonly string[] }[] {
  const rows = read('docs/glossary.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (Say|---)/.test(line))
  return rows.map((row) => {
    const cells = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    const words = (cells[0] ?? '').replace(/ \(in code: .*\)$/, '').split(', ')
    return { words, cells }
  })
}

it('docs/glossary.md defines each word once, in four columns', () => {
  const rows = glossary()
  expect(rows.length).toBeGreaterThan(60)
  expect(rows.filter(({ cells }) => cells.length !== 4)).toEqual([])
  const words = rows.flatMap((row) => row.words)
  expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([])
})

it('no method of the packages is called hear, heed, tell, hope or doubt', () => {
  const sources = globSync('packages/web-sync*/src/**/*.ts', { cwd: root })
  expect(sources.length).toBeGreaterThan(300)
  const found = sources.flatMap((file) =>
    [
      ...read(file).matchAll(/(?<!\/\/.*|\* .*)(?:[.#]|function |^ {2})(?:hear|heed|tell|hope|doubt)(?:[A-Z]\w*)?\(/gm),
    ].map(([text]) => `${file}: ${text}`),
  )
  expect(found).toEqual([])
})
