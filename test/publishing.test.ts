import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../', import.meta.url)
const PUBLISHED = ['web-sync', 'web-sync-protocol', 'web-sync-server']

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly keywords?: readonly string[]
  readonly homepage?: string
  readonly bugs?: { readonly url: string }
  readonly repository?: { readonly url: string; readonly directory: string }
}

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

/** Files of the workspace, without what was installed or built. */
function list(pattern: string): string[] {
  const exclude = ['**/node_modules/**', '**/dist/**', '.cache/**', '**/test-results/**']
  return globSync(pattern, { cwd: root, exclude }).map((path) => path.replaceAll('\\', '/'))
}

const manifests = list('**/package.json').map((path) => ({ path, manifest: JSON.parse(read(path)) as Manifest }))

it('three packages are published, everything else says that it is private', () => {
  expect(manifests.length).toBeGreaterThan(8)
  const open = manifests.filter(({ manifest }) => manifest.private !== true)
  expect(open.map(({ manifest }) => manifest.name).toSorted()).toEqual(PUBLISHED)
})

it('the published manifests say where the project is, with the placeholder that docs/publishing.md names', () => {
  const [, place = ''] = /name `([\w./-]+)`, which is nobody's/.exec(read('docs/publishing.md')) ?? []
  expect(place).not.toBe('')
  for (const name of PUBLISHED) {
    const manifest = JSON.parse(read(`packages/${name}/package.json`)) as Manifest
    expect(manifest.keywords?.length).toBeGreaterThan(3)
    expect(manifest).toMatchObject({
      homepage: `https://${place}#readme`,
      bugs: { url: `https://${place}/issues` },
      repository: { type: 'git', url: `git+https://${place}.git`, directory: `packages/${name}` },
    })
    expect(read(`packages/${name}/CHANGELOG.md`)).toContain(`\n## ${manifest.version}\n`)
  }
})

it('each change set concerns published packages, and says something', () => {
  const files = list('.changeset/*.md').filter((path) => !path.endsWith('README.md'))
  for (const file of files) {
    const [, head = '', text = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read(file)) ?? []
    const lines = head.split('\n').map((line) => /^'([\w-]+)': (major|minor|patch)$/.exec(line)?.[1])
    expect(lines.length).toBeGreaterThan(0)
    for (const name of lines) expect(PUBLISHED).toContain(name)
    expect(text.trim().length).toBeGreaterThan(20)
  }
})

/** What would fetch a package of ours, or of somebody else by that name, from where packages are published. */
const FETCHES = [
  /\bnpx (?:(?!--no-install)-\S+ )*web-sync/,
  /\b(?:npm|pnpm|yarn|bun) (?:i|install|add|dlx|exec)\b[^\n`#]*(?<![/\w-])web-sync(?:-\w+)?(?![\w/-])/,
  /npmjs\./,
]

it('no document tells to fetch what is not published', () => {
  const documents = [...list('**/*.md'), ...list('packages/*/src/**/*.ts'), ...list('scripts/*.mjs')]
  expect(documents.length).toBeGreaterThan(100)
  const found = documents.flatMap((path) =>
    read(path)
      .split('\n')
      .filter((line) => FETCHES.some((pattern) => pattern.test(line)))
      .map((line) => `${path}: ${line}`),
  )
  expect(found).toEqual([])
})

it('finds such a line where there is one', () => {
  const bad = [
    'npx web-sync-server serve',
    'npm install web-sync pg@8',
    'pnpm add -D web-sync-protocol',
    'see npmjs.com',
  ]
  const good = [
    'npx --no-install web-sync-server serve',
    'npm install pg@8 # beside web-sync-server',
    'npm install ./a/web-sync.tgz',
  ]
  for (const line of bad) expect([line, FETCHES.some((pattern) => pattern.test(line))]).toEqual([line, true])
  for (const line of good) expect([line, FETCHES.some((pattern) => pattern.test(line))]).toEqual([line, false])
})
