import type { RefusedEntry, SalvageEntry, ListedWrite } from 'web-sync'
import type { Actions } from '../app/actions.ts'
import type { AppState } from '../app/state.ts'
import { personName } from '../people.ts'
import { MAX_NOTE_LENGTH } from '../schema.ts'
import { type VNode, h } from '../ui/dom.ts'
import { formatMoment, plural } from '../ui/format.ts'
import { stageBadge } from './badges.ts'

type RefusedOp = RefusedEntry['ops'][number]

/** How many things wait for a decision. */
export function countAttention(state: AppState): number {
  return state.refused.length + state.salvage.length + (state.team?.setAside ?? 0)
}

/** What needs a person: refused writes, conflicts, writes set aside, salvage; and what still waits to be sent. */
export function attentionView(state: AppState, actions: Actions): VNode {
  const waiting = state.writes.filter((write) => write.stage === 'stored')
  const aside = state.writes.filter((write) => write.stage === 'set-aside')
  const isClear = countAttention(state) === 0
  return h(
    'section',
    {
      class: 'column attention',
      key: 'attention',
      id: 'attention',
      'aria-labelledby': 'attention-heading',
      tabindex: '-1',
    },
    h(
      'div',
      { class: 'panel' },
      h('h2', { id: 'attention-heading' }, 'Attention'),
      isClear
        ? h(
            'p',
            { class: 'panel-lead' },
            'Nothing needs you. Refused writes, conflicts, and records that a restored server had lost appear here; nothing is thrown away without your word.',
          )
        : null,
      state.refused.length > 0 ? refusedList(state, actions) : null,
      aside.length > 0 ? asideList(aside, actions) : null,
      state.salvage.length > 0 ? salvageList(state.salvage, actions) : null,
      waitingList(waiting),
    ),
  )
}

function refusedList(state: AppState, actions: Actions): VNode {
  return h(
    'div',
    { key: 'refused' },
    h('h3', {}, plural(state.refused.length, 'refused write')),
    h(
      'ul',
      { class: 'card-list', 'data-testid': 'refused' },
      state.refused.map((entry) => h('li', { key: entry.mutationId }, refusedCard(state, entry, actions))),
    ),
  )
}

function refusedCard(state: AppState, entry: RefusedEntry, actions: Actions): VNode {
  const [op] = entry.ops
  const text = op === undefined ? null : textOf(op)
  return h(
    'div',
    { class: 'card', 'data-tone': 'bad' },
    h('p', {}, h('strong', {}, entry.type === 'conflict' ? 'Conflict' : 'Refused'), `: ${explain(entry)}`),
    h(
      'p',
      { class: 'small quiet' },
      `${describeOps(entry.ops)} · ${formatMoment(entry.refusedAtMs)} · code ${entry.code}`,
    ),
    h('div', { class: 'compare' }, text === null ? null : quote('You wrote', text), partnerQuotes(entry)),
    state.mending?.mutationId === entry.mutationId
      ? mendForm(state.mending.text, actions)
      : h(
          'div',
          { class: 'row' },
          text === null
            ? null
            : h(
                'button',
                {
                  class: 'button compact',
                  type: 'button',
                  onclick: () => actions.startMending(entry.mutationId, text),
                },
                'Change the text',
              ),
          h(
            'button',
            { class: 'button compact', type: 'button', onclick: () => actions.retryRefused(entry.mutationId) },
            'Try again',
          ),
          h(
            'button',
            { class: 'button compact danger', type: 'button', onclick: () => actions.discardRefused(entry.mutationId) },
            'Discard',
          ),
        ),
  )
}

function partnerQuotes(entry: RefusedEntry): readonly VNode[] {
  return entry.records.map((record) => {
    const text = record.value?.['text']
    if (record.value === null) return quote('The partner has', 'nothing: the record is deleted, or never was there')
    return quote('The partner has', typeof text === 'string' ? text : JSON.stringify(record.value))
  })
}

function quote(title: string, text: string): VNode {
  return h('div', {}, h('p', { class: 'label' }, title), h('p', { class: 'quote' }, text))
}

function mendForm(text: string, actions: Actions): VNode {
  return h(
    'form',
    {
      key: 'mend',
      onsubmit: (event: Event) => {
        event.preventDefault()
        actions.saveMending()
      },
    },
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'mend' }, 'Text to send instead'),
      h('textarea', {
        id: 'mend',
        value: text,
        maxlength: MAX_NOTE_LENGTH,
        rows: 3,
        oninput: (event: InputEvent) => actions.typeMending((event.target as HTMLTextAreaElement).value),
      }),
    ),
    h(
      'div',
      { class: 'row' },
      h('button', { class: 'button primary compact', type: 'submit', disabled: text.trim() === '' }, 'Send'),
      h('button', { class: 'button compact', type: 'button', onclick: () => actions.cancelMending() }, 'Cancel'),
    ),
  )
}

function asideList(writes: readonly ListedWrite[], actions: Actions): VNode {
  return h(
    'div',
    { key: 'aside' },
    h('h3', {}, `${plural(writes.length, 'write')} set aside`),
    h(
      'p',
      { class: 'small quiet' },
      'The server failed again and again as soon as it got these. The others went past them.',
    ),
    h(
      'ul',
      { class: 'card-list' },
      writes.map((write) =>
        h(
          'li',
          { class: 'card', key: write.mutationId },
          h('p', {}, `${describeOps(write.ops)} · ${write.code ?? ''}`),
          h(
            'div',
            { class: 'row' },
            h(
              'button',
              { class: 'button compact', type: 'button', onclick: () => actions.retryRefused(write.mutationId) },
              'Try again',
            ),
            h(
              'button',
              {
                class: 'button compact danger',
                type: 'button',
                onclick: () => actions.discardRefused(write.mutationId),
              },
              'Discard',
            ),
          ),
        ),
      ),
    ),
  )
}

function salvageList(salvage: readonly SalvageEntry[], actions: Actions): VNode {
  return h(
    'div',
    { key: 'salvage' },
    h('h3', {}, `${plural(salvage.length, 'record')} the server has lost`),
    h(
      'p',
      { class: 'small quiet' },
      'The server went back to an older state. Your own writes were sent again by themselves. These were made by others, or long ago; this device still has them.',
    ),
    h(
      'div',
      { class: 'row' },
      h(
        'button',
        { class: 'button primary compact', type: 'button', onclick: () => actions.restoreSalvage('all') },
        'Restore all',
      ),
      h(
        'button',
        { class: 'button compact danger', type: 'button', onclick: () => actions.discardSalvage('all') },
        'Discard all',
      ),
    ),
    h(
      'ul',
      { class: 'card-list', 'data-testid': 'salvage' },
      salvage.map((entry) =>
        h(
          'li',
          { class: 'card', key: `${entry.collection}/${entry.id}` },
          h('p', { class: 'quote' }, describeRecord(entry)),
          h(
            'p',
            { class: 'small quiet' },
            `${personName(fieldText(entry, 'author'))} · ${fieldText(entry, 'placeName')}`,
          ),
          h(
            'div',
            { class: 'row' },
            h(
              'button',
              { class: 'button compact', type: 'button', onclick: () => actions.restoreSalvage(entry) },
              'Restore',
            ),
            h(
              'button',
              { class: 'button compact danger', type: 'button', onclick: () => actions.discardSalvage(entry) },
              'Discard',
            ),
          ),
        ),
      ),
    ),
  )
}

function waitingList(writes: readonly ListedWrite[]): VNode {
  return h(
    'div',
    { key: 'waiting' },
    h('h3', {}, writes.length === 0 ? 'Nothing waits to be sent' : `${plural(writes.length, 'write')} to send`),
    h(
      'ul',
      { class: 'card-list', 'data-testid': 'outbox' },
      writes
        .slice(0, 30)
        .map((write) =>
          h(
            'li',
            { class: 'write-line small', key: write.mutationId },
            stageBadge(write),
            h('time', { class: 'quiet' }, formatMoment(write.createdAtMs)),
            h('span', { class: 'what' }, describeOps(write.ops)),
          ),
        ),
      writes.length > 30 ? h('li', { class: 'small quiet', key: 'more' }, `and ${writes.length - 30} more`) : null,
    ),
  )
}

const EXPLANATIONS: Partial<Record<RefusedEntry['code'], string>> = {
  'record-changed': 'someone changed this record while you deleted or replaced it, without knowing of your write.',
  'record-deleted': 'someone deleted this record while you were changing it.',
  'record-exists': 'a record with this id is there already.',
  'depends-on-refused': 'it builds on another write that was refused.',
  'access-ended': 'your access to this team has ended. Your words are still here.',
}

function explain(entry: RefusedEntry): string {
  const otherwise = entry.message === '' ? 'the partner’s rules do not allow it.' : entry.message
  return EXPLANATIONS[entry.code] ?? otherwise
}

/** In words: what a write does. */
export function describeOps(ops: readonly RefusedOp[]): string {
  const [op] = ops
  if (op === undefined) return 'nothing'
  const verbs = { insert: 'New', put: 'Replaced', patch: 'Changed', delete: 'Deleted' } as const
  const noun = op.collection.replace(/s$/, '')
  const text = textOf(op)
  const more = ops.length > 1 ? ` and ${plural(ops.length - 1, 'more operation')}` : ''
  return `${verbs[op.op]} ${noun}${text === null ? '' : ` “${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`}${more}`
}

function textOf(op: RefusedOp): string | null {
  if (op.op === 'delete') return null
  const { text } = op.value
  return typeof text === 'string' ? text : null
}

function describeRecord(entry: SalvageEntry): string {
  const { text } = entry.value
  return typeof text === 'string' ? text : `A visit on ${formatMoment(Number(entry.value['at'] ?? 0))}`
}

function fieldText(entry: SalvageEntry, field: string): string {
  const value = entry.value[field]
  return typeof value === 'string' ? value : ''
}
