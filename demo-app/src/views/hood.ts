import { INITIAL_KEY, type SentKey, keyNumber } from 'web-sync-protocol'
import type { SyncInspection } from 'web-sync'
import type { Actions } from '../app/actions.ts'
import type { AppState } from '../app/state.ts'
import type { ServerPartnership, ServerView } from '../data/server-types.ts'
import { type Child, type VNode, h } from '../ui/dom.ts'
import { formatNumber, formatTime, plural } from '../ui/format.ts'
import { describeOps } from './attention.ts'
import { drawLanes } from './lanes.ts'
import { drawTimeline } from './timeline.ts'

/** The life of the sync key, as both sides know it. */
export function hoodView(state: AppState, actions: Actions): VNode {
  const { inspection, server } = state
  return h(
    'section',
    { class: 'column hood', key: 'hood', id: 'hood', 'aria-labelledby': 'hood-heading', tabindex: '-1' },
    h(
      'div',
      { class: 'panel' },
      h(
        'div',
        { class: 'row' },
        h('h2', { id: 'hood-heading', class: 'grow' }, 'Under the hood'),
        h('button', { class: 'button compact', type: 'button', onclick: () => actions.syncNow() }, 'Exchange now'),
      ),
      inspection === null ? h('p', { class: 'panel-lead' }, 'Opening the store …') : content(state, inspection, server),
    ),
  )
}

function content(state: AppState, inspection: SyncInspection, server: ServerView | null): Child {
  const partnership =
    server?.inspection.partnerships.find((one) => one.partnershipId === inspection.partnershipId) ?? null
  return [
    keyLine(inspection, partnership, server),
    h(
      'figure',
      { key: 'lanes', 'aria-label': 'Checkpoints on both sides' },
      h('h3', {}, 'Checkpoints that each side has kept'),
      h('p', { class: 'small quiet' }, 'Dotted lines tie those that both have: to any of them a rollback is possible.'),
      h(
        'div',
        {
          class: 'drawing',
          id: 'lanes',
          tabindex: '0',
          role: 'group',
          'aria-label': lanesText(inspection, partnership),
        },
        drawLanes(inspection, server),
      ),
      h(
        'p',
        { class: 'legend' },
        h('span', {}, 'this device'),
        h('span', { class: 'partner' }, 'partner, presented'),
        h('span', { class: 'open' }, 'not presented yet'),
        h('span', { class: 'branch' }, 'other partnership'),
        h('span', { class: 'back' }, 'rollback'),
      ),
    ),
    h(
      'figure',
      { key: 'timeline', 'aria-label': 'The last exchanges as a drawing; the table below says the same in words' },
      h('h3', {}, 'The key’s way, newest first'),
      h('p', { class: 'small quiet' }, 'Each line is one exchange: the key that was sent, and the key that came back.'),
      h(
        'div',
        { class: 'drawing', tabindex: '0', role: 'group', 'aria-label': 'The last exchanges' },
        drawTimeline(inspection.exchanges, server),
      ),
    ),
    numbers(inspection, server),
    writeTable('Outbox', 'Not accepted yet.', inspection.outbox),
    writeTable(
      'Acked journal',
      'Accepted, kept here for replay until the partner calls them durable.',
      inspection.journal,
    ),
    exchangeTable(inspection),
    serverTable(state, server),
  ]
}

/** Both sides' newest keys, side by side, and what follows from them. */
function keyLine(inspection: SyncInspection, partnership: ServerPartnership | null, server: ServerView | null): VNode {
  const newest = partnership?.checkpoints.at(-1) ?? null
  const verdict = judge(inspection, partnership, server)
  return h(
    'div',
    { class: 'card', key: 'keyline', 'data-testid': 'keyline' },
    h(
      'div',
      { class: 'keyline' },
      h(
        'div',
        {},
        h('span', { class: 'label' }, 'This device'),
        h('span', { class: 'big', 'data-testid': 'device-key' }, keyNumber(inspection.key)),
        h('span', { class: 'tag' }, tagOf(inspection.key)),
      ),
      h('span', { class: 'agree', 'data-tone': verdict.isBad ? 'bad' : 'good' }, verdict.word),
      h(
        'div',
        {},
        h('span', { class: 'label' }, 'Partner'),
        h('span', { class: 'big' }, newest === null ? '–' : newest.n),
        h('span', { class: 'tag' }, newest === null ? 'no such partnership' : shorten(newest.tag)),
      ),
    ),
    h('p', { class: 'small quiet' }, verdict.text),
  )
}

interface Verdict {
  readonly word: string
  readonly text: string
  readonly isBad: boolean
}

function judge(inspection: SyncInspection, partnership: ServerPartnership | null, server: ServerView | null): Verdict {
  const { key } = inspection
  if (server === null)
    return {
      word: 'no answer',
      text: 'The partner cannot be asked right now. The device keeps its key and goes on working.',
      isBad: true,
    }
  if (key === INITIAL_KEY)
    return {
      word: 'new',
      text: 'The device has no key yet: its next ask presents 0 and gets everything.',
      isBad: false,
    }
  if (partnership === null) {
    return {
      word: 'unknown',
      text: 'The partner knows nothing of this partnership. At the next exchange it will name the newest checkpoint that both have, or begin anew.',
      isBad: true,
    }
  }
  const same = partnership.checkpoints.find((checkpoint) => checkpoint.n === key.n && checkpoint.tag === key.tag)
  if (same === undefined) {
    return {
      word: 'differ',
      text: `The partner has no checkpoint ${key.n} with this tag: its history is another one. The next exchange rolls back to the newest that both have.`,
      isBad: true,
    }
  }
  const newest = partnership.checkpoints.at(-1)
  if (newest !== undefined && newest.n > key.n) {
    return {
      word: `+${newest.n - key.n}`,
      text: `The partner has issued key ${newest.n}, which this device has not presented. If the reply was lost, the same key is presented again and nothing is doubled.`,
      isBad: false,
    }
  }
  return {
    word: 'agree',
    text: same.isPresented
      ? `Both have checkpoint ${key.n}: same number, same tag, same history.`
      : `Both have checkpoint ${key.n}. It counts as confirmed when the device presents it in its next ask.`,
    isBad: false,
  }
}

function lanesText(inspection: SyncInspection, partnership: ServerPartnership | null): string {
  const mine = inspection.have.map((name) => name.n).join(', ')
  const theirs = (partnership?.checkpoints ?? []).map((checkpoint) => checkpoint.n).join(', ')
  return `The device keeps ${mine === '' ? 'none' : mine}; the partner keeps ${theirs === '' ? 'none' : theirs}`
}

function numbers(inspection: SyncInspection, server: ServerView | null): VNode {
  const rows: readonly (readonly [string, string])[] = [
    ['Partnership', inspection.partnershipId === null ? 'none yet' : shorten(inspection.partnershipId)],
    ['Replica', shorten(inspection.replicaId)],
    [
      'Settled',
      inspection.isSettled
        ? 'yes: the device has exactly the partner’s state at its key'
        : 'not yet: the first sync is under way',
    ],
    ['Partnerships of this account', server === null ? '?' : String(server.inspection.partnerships.length)],
    [
      'Changes at the partner',
      server === null
        ? '?'
        : `${formatNumber(server.inspection.head)}, durable up to ${formatNumber(server.inspection.durableHead)}`,
    ],
    ['A restore was noticed', server === null ? '?' : server.inspection.isRestoreSeen ? 'yes' : 'no'],
    ['Undo kept for rollbacks', `${formatNumber(inspection.undoBytes)} bytes`],
  ]
  return h(
    'div',
    { class: 'table-wrap', key: 'numbers' },
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        rows.map(([name, value]) => h('tr', { key: name }, h('th', { scope: 'row' }, name), h('td', {}, value))),
      ),
    ),
  )
}

function writeTable(title: string, text: string, writes: SyncInspection['outbox']): VNode {
  return h(
    'details',
    { key: title },
    h('summary', {}, `${title}: ${plural(writes.length, 'write')}`),
    h('p', { class: 'small quiet' }, text),
    h(
      'div',
      { class: 'table-wrap' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, head('Order'), head('What'), head('Mutation'), head('Accepted at'))),
        h(
          'tbody',
          {},
          writes
            .slice(-50)
            .map((write) =>
              h(
                'tr',
                { key: write.mutationId },
                h('td', {}, write.order),
                h('td', {}, describeOps(write.ops)),
                h('td', { class: 'code' }, write.mutationId.slice(0, 8)),
                h('td', {}, write.acceptedAt === null ? '–' : `key ${write.acceptedAt}`),
              ),
            ),
        ),
      ),
    ),
  )
}

function exchangeTable(inspection: SyncInspection): VNode {
  return h(
    'details',
    { key: 'exchanges' },
    h('summary', {}, `Exchanges as this device saw them: ${inspection.exchanges.length}`),
    h(
      'div',
      { class: 'table-wrap' },
      h(
        'table',
        { 'data-testid': 'exchanges' },
        h('thead', {}, h('tr', {}, head('Time'), head('By'), head('Key'), head('Up'), head('Down'), head('Result'))),
        h(
          'tbody',
          {},
          inspection.exchanges
            .slice(-60)
            .toReversed()
            .map((exchange) =>
              h(
                'tr',
                {},
                h('td', {}, formatTime(exchange.atMs)),
                h('td', {}, exchange.host === 'worker' ? 'tab' : 'service worker'),
                h('td', {}, `${exchange.from} → ${exchange.to}`),
                h('td', {}, exchange.mutations),
                h('td', {}, exchange.changes),
                h('td', { class: exchange.result === 'ok' ? null : 'bad' }, exchange.result),
              ),
            ),
        ),
      ),
    ),
  )
}

function serverTable(state: AppState, server: ServerView | null): VNode | null {
  if (server === null) return null
  const account = typeof state.person === 'object' ? state.person?.id : null
  return h(
    'details',
    { key: 'server' },
    h('summary', {}, `Exchanges as the partner saw them: ${server.exchanges.length}`),
    h(
      'p',
      { class: 'small quiet' },
      'The case is the row of the protocol’s table: K1 normal, K2 the response was lost, K3 a clone or a device set back, K5 the partner itself went back.',
    ),
    h(
      'div',
      { class: 'table-wrap' },
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            head('Time'),
            head('Who'),
            head('Case'),
            head('Key'),
            head('Accepted'),
            head('Repeated'),
            head('Answer'),
          ),
        ),
        h(
          'tbody',
          {},
          server.exchanges
            .slice(-60)
            .toReversed()
            .map((exchange) =>
              h(
                'tr',
                { key: String(exchange.seq) },
                h('td', {}, formatTime(exchange.atMs)),
                h('td', {}, exchange.account === account ? 'you' : exchange.account),
                h('td', {}, exchange.case ?? '–'),
                h('td', {}, `${exchange.from} → ${exchange.to ?? '–'}`),
                h('td', {}, exchange.mutations.accepted),
                h('td', {}, exchange.mutations.duplicate),
                h(
                  'td',
                  { class: exchange.problem === null && !exchange.isReplyDropped ? null : 'bad' },
                  exchange.isReplyDropped ? 'reply thrown away' : (exchange.problem ?? 'ok'),
                ),
              ),
            ),
        ),
      ),
    ),
  )
}

function head(text: string): VNode {
  return h('th', { scope: 'col' }, text)
}

function tagOf(key: SentKey): string {
  return key === INITIAL_KEY ? 'initial' : shorten(key.tag)
}

/** The first digits of a random id: enough to tell two apart. */
function shorten(id: string): string {
  return `${id.slice(0, 4)}…${id.slice(-4)}`
}
