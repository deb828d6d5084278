import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'

const EXAMPLE = new URL('../examples/embed/', import.meta.url)

interface Snippet {
  readonly file: string
  /** What stands between the marks `// …`, which stand for text that is left out. */
  readonly parts: readonly string[]
}

/** The fenced blocks that follow a line with nothing but a file's name. */
function snippetsOf(path: string): Snippet[] {
  const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^`([^`\n]+)`\n\n```\w+\n([\s\S]*?)\n```$/gm)].map(([, file, code]) => ({
    file: file ?? '',
    parts: (code ?? '').split('\n\n// …\n\n'),
  }))
}

function sourceOf(file: string): string {
  expect(existsSync(new URL(file, EXAMPLE)), `examples/embed/${file} exists`).toBe(true)
  return readFileSync(new URL(file, EXAMPLE), 'utf8')
}

it('docs/embedding.md shows the files of the example whole', () => {
  const snippets = snippetsOf('docs/embedding.md')
  for (const { file, parts } of snippets) expect(`${parts.join('')}\n`).toBe(sourceOf(file))
  const shown = snippets.map(({ file }) => file).toSorted()
  const written = readdirSync(EXAMPLE, { recursive: true, encoding: 'utf8' })
  expect(shown).toEqual(written.filter((file) => /(?<!node_modules.*)\.(ts|html)$/.test(file)).toSorted())
})

it('README.md shows parts of the same files, word for word and in their order', () => {
  const snippets = snippetsOf('README.md')
  expect(snippets.map(({ file }) => file)).toEqual([
    'src/schema.ts',
    'src/main.ts',
    'src/sw.ts',
    'vite.config.ts',
    'partner.ts',
  ])
  for (const { file, parts } of snippets) {
    const source = sourceOf(file)
    let from = 0
    for (const part of parts) {
      const at = source.indexOf(part, from)
      expect(at, `${file} contains, after what was shown before:\n${part}`).toBeGreaterThanOrEqual(0)
      from = at + part.length
    }
  }
})
