import type { SyncInspection } from 'web-sync'
import type { ServerView } from '../data/server-types.ts'
import { type Child, type VNode, h } from '../ui/dom.ts'
import { formatTime } from '../ui/format.ts'

type Exchange = SyncInspection['exchanges'][number]

const ROW = 40
const WIDTH = 372
const DEVICE_X = 74
const PARTNER_X = 318
const TOP = 40
/** Exchanges that are drawn. */
const MAX_ROWS = 24

/** The key's way as a sequence: device left, partner right, one row for each exchange, newest on top. */
export function drawTimeline(exchanges: readonly Exchange[], server: ServerView | null): VNode {
  const rows = exchanges.slice(-MAX_ROWS).toReversed()
  const height = TOP + Math.max(rows.length, 1) * ROW + 6
  return h(
    'svg',
    { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}`, 'aria-hidden': 'true' },
    h('line', { class: 'lane', x1: DEVICE_X, y1: 26, x2: DEVICE_X, y2: height }),
    h('line', { class: 'lane', x1: PARTNER_X, y1: 26, x2: PARTNER_X, y2: height }),
    h('text', { x: DEVICE_X, y: 17, 'text-anchor': 'middle' }, 'Device'),
    h('text', { x: PARTNER_X, y: 17, 'text-anchor': 'middle' }, 'Partner'),
    rows.length === 0 ? h('text', { x: WIDTH / 2, y: TOP + 20, 'text-anchor': 'middle' }, 'No exchange yet') : null,
    rows.map((exchange, index) => drawRow(exchange, TOP + index * ROW, rows, index, server)),
  )
}

function drawRow(
  exchange: Exchange,
  y: number,
  rows: readonly Exchange[],
  index: number,
  server: ServerView | null,
): Child {
  const middle = y + 18
  const kind = classify(exchange)
  const seen = server?.exchanges.find(
    (one) =>
      Math.abs(one.atMs - exchange.atMs) < 1_500 &&
      one.from === exchange.from &&
      one.partnershipId === exchange.partnershipId,
  )
  return [
    h('text', { x: 4, y: middle + 4 }, formatTime(exchange.atMs).slice(0, 8)),
    kind === 'failed' ? lostWire(middle) : kind === 'rollback' ? null : fullWire(middle, kind),
    h(
      'text',
      { class: kind === 'ok' ? null : 'bad', x: (DEVICE_X + PARTNER_X) / 2, y: middle - 6, 'text-anchor': 'middle' },
      describe(exchange, kind),
    ),
    seen?.case === undefined || seen.case === null || kind === 'failed' || kind === 'rollback'
      ? null
      : h('text', { x: (DEVICE_X + PARTNER_X) / 2, y: middle + 13, 'text-anchor': 'middle' }, caseText(seen.case)),
    kind === 'rollback' ? backArrow(exchange, middle, rows, index) : null,
    bubble(DEVICE_X, middle, exchange.from, kind === 'rollback' ? 'key lost' : 'key'),
    kind === 'ok'
      ? bubble(PARTNER_X, middle, exchange.to, exchange.to === exchange.from ? 'key partner open' : 'key partner')
      : null,
    kind === 'problem' ? h('text', { class: 'bad', x: PARTNER_X, y: middle + 5, 'text-anchor': 'middle' }, '✕') : null,
    index > 0 && rows[index - 1]?.partnershipId !== exchange.partnershipId && exchange.partnershipId !== null
      ? h('line', { class: 'branch', x1: DEVICE_X - 16, y1: y - 1, x2: DEVICE_X + 16, y2: y - 1 })
      : null,
  ]
}

type Kind = 'ok' | 'rollback' | 'problem' | 'failed'

function classify(exchange: Exchange): Kind {
  if (exchange.result === 'ok') return 'ok'
  if (/^(rollback|resync)/.test(exchange.result)) return 'rollback'
  return ['network', 'timeout', 'not-our-partner', 'server-error'].includes(exchange.result) ? 'failed' : 'problem'
}

function describe(exchange: Exchange, kind: Kind): string {
  if (kind === 'ok') {
    const up = exchange.mutations > 0 ? `${exchange.mutations} up` : ''
    const down = exchange.changes > 0 ? `${exchange.changes} down` : ''
    return [up, down].filter((text) => text !== '').join(', ') || 'nothing new'
  }
  if (kind === 'rollback')
    return exchange.result.startsWith('resync')
      ? 'begins anew from key 0'
      : `goes ${exchange.result.replace('rollback', 'back')}`
  if (kind === 'failed') return `no answer (${exchange.result})`
  return exchange.result
}

function caseText(name: string): string {
  switch (name) {
    case 'K0':
      return 'K0: begins'
    case 'K1':
      return ''
    case 'K2':
      return 'K2: the last reply was lost'
    case 'K3':
      return 'K3: a fork, new partnership'
    case 'K5':
      return 'K5: the partner went back'
    case 'K6':
      return 'K6: partnership unknown'
    default:
      return name
  }
}

function fullWire(y: number, kind: Kind): VNode {
  const name = kind === 'ok' ? 'wire' : 'wire bad'
  const tip = kind === 'ok' ? 'head-quiet' : 'head-bad'
  return h(
    'g',
    {},
    h('line', { class: name, x1: DEVICE_X + 14, y1: y, x2: PARTNER_X - 18, y2: y }),
    h('path', { class: tip, d: `M${PARTNER_X - 13} ${y} l-8 -4 v8 z` }),
  )
}

function lostWire(y: number): VNode {
  const end = (DEVICE_X + PARTNER_X) / 2 + 60
  return h(
    'g',
    {},
    h('line', { class: 'wire bad', x1: DEVICE_X + 14, y1: y, x2: end, y2: y, 'stroke-dasharray': '4 3' }),
    h('text', { class: 'bad', x: end + 8, y: y + 4, 'text-anchor': 'middle' }, '✕'),
  )
}

/** Back down the device's lane to the last row that had the key rolled back to; out of the drawing if it is older. */
function backArrow(exchange: Exchange, y: number, rows: readonly Exchange[], index: number): VNode | null {
  const match = /(\d+)$/.exec(exchange.result)
  if (match === null) return null
  const older = rows.findIndex((row, at) => at > index && row.to === Number(match[1]) && row.result === 'ok')
  const targetY = older < 0 ? y + ROW * 0.6 : TOP + older * ROW + 18
  const x = DEVICE_X + 11
  return h(
    'g',
    {},
    h('path', {
      class: 'back',
      d: `M${x} ${y + 2} C ${x + 42} ${y + 8}, ${x + 42} ${targetY - 8}, ${x + 4} ${targetY - 2}`,
    }),
    h('path', { class: 'head-bad', d: `M${x} ${targetY} l9 -5 v9 z` }),
  )
}

function bubble(cx: number, cy: number, n: number, name: string): VNode {
  const isOpen = name.includes('open') || name.includes('lost')
  return h(
    'g',
    {},
    h('circle', { class: name, cx, cy, r: 12 }),
    h('text', { class: isOpen ? 'n' : 'n on', x: cx, y: cy + 4, 'text-anchor': 'middle' }, n),
  )
}
