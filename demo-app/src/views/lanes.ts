import { INITIAL_KEY, keyNumber } from 'web-sync-protocol'
import type { SyncInspection } from 'web-sync'
import type { ServerCheckpoint, ServerView } from '../data/server-types.ts'
import { type VNode, h } from '../ui/dom.ts'

/** Distance of two columns, and of two lanes, in pixels. */
const STEP = 30
const LANE = 62
const LEFT = 74
const TOP = 46
/** Other partnerships that are drawn: the newest ones. */
const MAX_BRANCHES = 3

/**
 * Two lanes, the device's above and the partner's below, with a circle for each checkpoint that is kept. Columns are the numbers that
 * anyone still has, so the gaps that thinning leaves cost no room. Other partnerships (forks, other devices) hang below as branches.
 */
export function drawLanes(inspection: SyncInspection, server: ServerView | null): VNode {
  const own = server?.inspection.partnerships.find((one) => one.partnershipId === inspection.partnershipId) ?? null
  const branches = (server?.inspection.partnerships ?? [])
    .filter((one) => one !== own && one.checkpoints.length > 0)
    .toSorted((a, b) => b.lastSeenAtMs - a.lastSeenAtMs)
    .slice(0, MAX_BRANCHES)
  const mine = new Map(inspection.have.map((name) => [name.n, name]))
  const current = keyNumber(inspection.key)
  const jumps = findRollbacks(inspection)
  const numbers = [
    ...new Set([
      ...mine.keys(),
      ...(own?.checkpoints ?? []).map((checkpoint) => checkpoint.n),
      ...branches.flatMap((branch) => branch.checkpoints.map((checkpoint) => checkpoint.n)),
      ...jumps.flatMap((jump) => [jump.from, jump.to]),
      current,
    ]),
  ]
    .toSorted((a, b) => a - b)
    .slice(-60)
  const x = (n: number): number => LEFT + numbers.indexOf(n) * STEP
  const deviceY = TOP
  const partnerY = TOP + LANE
  const width = LEFT + Math.max(numbers.length, 8) * STEP
  const height = TOP + LANE * (1 + branches.length) + 34
  const has = (n: number): boolean => numbers.includes(n)

  return h(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
    h('line', { class: 'lane', x1: LEFT - 14, y1: deviceY, x2: width, y2: deviceY }),
    h('line', { class: 'lane', x1: LEFT - 14, y1: partnerY, x2: width, y2: partnerY }),
    h('text', { x: 8, y: deviceY + 4 }, 'Device'),
    h('text', { x: 8, y: partnerY + 4 }, 'Partner'),
    numbers
      .filter(
        (n) => own?.checkpoints.some((checkpoint) => checkpoint.n === n && isOnDevice(inspection, checkpoint)) === true,
      )
      .map((n) => h('line', { class: 'tie', x1: x(n), y1: deviceY + 12, x2: x(n), y2: partnerY - 12 })),
    jumps.filter((jump) => has(jump.from) && has(jump.to)).map((jump) => arc(x(jump.from), x(jump.to), deviceY - 13)),
    [...mine.keys()].filter(has).map((n) => circle(x(n), deviceY, n, 'key')),
    jumps
      .filter((jump) => has(jump.from) && !mine.has(jump.from) && jump.from !== current)
      .map((jump) => circle(x(jump.from), deviceY, jump.from, 'key lost')),
    mine.has(current) || current === 0 ? null : circle(x(current), deviceY, current, 'key open'),
    h('circle', { class: 'current', cx: x(current), cy: deviceY, r: 14 }),
    (own?.checkpoints ?? [])
      .filter((checkpoint) => has(checkpoint.n))
      .map((checkpoint) =>
        circle(x(checkpoint.n), partnerY, checkpoint.n, checkpoint.isPresented ? 'key partner' : 'key partner open'),
      ),
    branches.map((branch, index) => {
      const y = partnerY + LANE * (index + 1)
      const first = branch.checkpoints.find((checkpoint) => has(checkpoint.n))
      if (first === undefined) return null
      return [
        h('line', { class: 'branch', x1: LEFT - 14, y1: y, x2: x(branch.checkpoints.at(-1)?.n ?? first.n), y2: y }),
        h('path', {
          class: 'branch',
          d: `M${LEFT - 14} ${y} C ${LEFT - 34} ${y}, ${LEFT - 34} ${partnerY}, ${LEFT - 14} ${partnerY}`,
        }),
        h('text', { x: 8, y: y + 4 }, branch.isProvisional ? 'Fork?' : 'Other'),
        branch.checkpoints
          .filter((checkpoint) => has(checkpoint.n))
          .map((checkpoint) =>
            circle(x(checkpoint.n), y, checkpoint.n, checkpoint.isPresented ? 'key other' : 'key other open'),
          ),
      ]
    }),
  )
}

/** Where the key went back, as the exchange log tells it; the newest last. */
function findRollbacks(inspection: SyncInspection): readonly { readonly from: number; readonly to: number }[] {
  return inspection.exchanges
    .flatMap((exchange) => {
      const match = /^rollback to (\d+)$/.exec(exchange.result)
      return match === null ? [] : [{ from: exchange.from, to: Number(match[1]) }]
    })
    .slice(-3)
}

function isOnDevice(inspection: SyncInspection, checkpoint: ServerCheckpoint): boolean {
  const { key } = inspection
  if (key !== INITIAL_KEY && key.n === checkpoint.n && key.tag === checkpoint.tag) return true
  return inspection.have.some((name) => name.n === checkpoint.n && name.tag === checkpoint.tag)
}

function circle(cx: number, cy: number, n: number, name: string): VNode {
  const isOpen = name.includes('open') || name.includes('lost')
  return h(
    'g',
    {},
    h('circle', { class: name, cx, cy, r: 10 }),
    h('text', { class: isOpen ? 'n' : 'n on', x: cx, y: cy + 4, 'text-anchor': 'middle' }, n),
  )
}

/** An arrow that goes back over the device's lane. */
function arc(fromX: number, toX: number, y: number): VNode {
  const lift = Math.min(26, 10 + Math.abs(fromX - toX) / 12)
  return h(
    'g',
    {},
    h('path', { class: 'back', d: `M${fromX} ${y} C ${fromX} ${y - lift}, ${toX} ${y - lift}, ${toX} ${y}` }),
    h('path', { class: 'head-bad', d: `M${toX} ${y + 3} l-4.500 -8 h9 z` }),
  )
}
