import type { Scene } from './scene.ts'
import { inTime, type Verdict } from './verdict.ts'

/** Rows of the exchange table that a device meets though nobody was restored: anything else means that its key went astray (S9, S10). */
const HONEST_CASES: readonly (string | null)[] = ['K0', 'K1', 'K1c', 'K2', "K3'"]

/** After a kill: what was acknowledged since the last look can be read, whole (S1, S6). */
export async function checkDevice(scene: Scene, verdict: Verdict): Promise<void> {
  const names = scene.ledger.takeRecent()
  const missing = await inTime(
    'reading after a kill',
    scene.page.evaluate(async (list) => {
      const halves = await Promise.all(
        list.flatMap((name) => ['a', 'b'].map((half) => app.space.note(`${name}-${half}`))),
      )
      return list.filter((_, index) => halves[2 * index] === undefined || halves[2 * index + 1] === undefined)
    }, names),
  )
  for (const name of missing) {
    verdict.lost.add(name)
    verdict.faults.push(`S1: ${name} was acknowledged and cannot be read`)
  }
}

/** At quiet: everything that was acknowledged in this space is on the server exactly once and whole, and the device shows the same. */
export async function checkQuiet(scene: Scene, verdict: Verdict): Promise<void> {
  const { server, space, ledger, page } = scene
  await inTime(
    'getting up to date',
    page.evaluate(async () => {
      app.space.retry()
      await app.space.upToDate()
    }),
  )
  const log = await server.call('log', space)
  const notes = log.filter(({ collection, isDelete }) => collection === 'notes' && !isDelete)
  const times = new Map<string, number>()
  for (const { id } of notes) times.set(id, (times.get(id) ?? 0) + 1)
  const mutations = new Map(notes.map(({ id, mutationId }) => [id, mutationId]))
  for (const [name, mutationId] of ledger.acknowledged) {
    const halves = [`${name}-a`, `${name}-b`]
    if (halves.every((id) => times.has(id) && mutations.get(id) === mutationId)) continue
    verdict.lost.add(name)
    verdict.faults.push(`S2: ${name} was acknowledged and is not on the server`)
  }
  for (const [id, count] of times) {
    if (count > 1) {
      verdict.doubled += 1
      verdict.faults.push(`S3: ${id} took effect ${count} times`)
    }
    const other = id.replace(/-[ab]$/, (half) => (half === '-a' ? '-b' : '-a'))
    if (times.has(other)) continue
    verdict.lost.add(id.slice(0, -2))
    verdict.faults.push(`S6: ${id} is on the server without ${other}`)
  }
  const shown = await inTime(
    'reading everything',
    page.evaluate(() => app.space.fingerprint()),
  )
  if (shown !== (await server.call('fingerprint', space)))
    verdict.faults.push(`S5: the device does not show what the server has in ${space}`)
  const { refused, setAside } = await page.evaluate(() => app.space.status())
  if (refused + setAside > 0) verdict.faults.push(`S2: ${refused} refused and ${setAside} set aside in ${space}`)
  checkKeys(scene, verdict)
}

/** Of all exchanges in this space: one beginning, then only keys that the partner knows, with numbers that never go back. */
function checkKeys({ server, space }: Scene, verdict: Verdict): void {
  const exchanges = server.exchanges.filter((exchange) => exchange.space === space)
  let newest = 0
  for (const { case: row, from, problem } of exchanges) {
    const number = from === 0 ? 0 : from.n
    if (!HONEST_CASES.includes(row) || problem !== null)
      verdict.faults.push(`S9: an exchange in ${space} was case ${row}, problem ${problem}`)
    if (number < newest) verdict.faults.push(`S9: the key went from ${newest} back to ${number} in ${space}`)
    newest = Math.max(newest, number)
  }
  for (const fault of server.faults) verdict.faults.push(`S24: the partner met a bug: ${JSON.stringify(fault)}`)
}
