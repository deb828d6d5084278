import type { Actions } from '../app/actions.ts'
import type { AppState } from '../app/state.ts'
import { type Child, type VNode, h } from '../ui/dom.ts'
import { formatTime, plural } from '../ui/format.ts'

/** The panel that breaks things on purpose: each button says what one should see. */
export function troubleView(state: AppState, actions: Actions): VNode {
  const report = state.trouble
  const { trouble: make } = actions
  const on = report?.trouble ?? null
  return h(
    'section',
    { class: 'column trouble', key: 'trouble', id: 'trouble', 'aria-labelledby': 'trouble-heading', tabindex: '-1' },
    h(
      'div',
      { class: 'panel' },
      h('h2', { id: 'trouble-heading' }, 'Make trouble'),
      h(
        'p',
        { class: 'panel-lead' },
        'Break it and watch. Whatever you switch on here concerns everyone on this development server; nothing you wrote should ever be lost.',
      ),
      h('div', {}, h('h3', {}, 'The network'), network(state, on, make)),
      h('div', {}, h('h3', {}, 'The server'), server(state, make)),
      h('div', {}, h('h3', {}, 'This account'), account(state, on, make)),
      h('div', {}, h('h3', {}, 'This device'), device(state, make)),
    ),
  )
}

type Make = Actions['trouble']
type On = NonNullable<AppState['trouble']>['trouble'] | null

function network(state: AppState, on: On, make: Make): Child {
  const isCut = on?.isCut === true
  const dropping = on?.dropReplies ?? 0
  const answer = on?.answer ?? null
  const answering = (status: 401 | 500 | 503): boolean => answer?.status === status
  const toggle = (status: 401 | 500 | 503, text: string): VNode =>
    button(text, () => make.answer(answering(status) ? null : status, 1_000_000), answering(status))
  return [
    card(
      state,
      'cut',
      'Cut the network',
      'Every exchange is refused. Go on writing: writes stay “on this device”, survive a reload, and go out once it is back.',
      [button(isCut ? 'Reconnect' : 'Cut it', () => make.cut(!isCut), isCut)],
    ),
    card(
      state,
      'drop',
      'Lose the next replies',
      'The server processes the exchange and commits, then the reply is thrown away. The device presents the same key again (case K2) and nothing is doubled.',
      [
        button('Lose the next one', () => make.dropReplies(1), dropping === 1),
        button('Lose the next three', () => make.dropReplies(3), dropping === 3),
        dropping > 0 ? h('span', { class: 'small quiet' }, `${dropping} to go`) : null,
      ],
    ),
    card(
      state,
      'answer',
      'Answer with a fault',
      '503 and 500: the device waits longer each time and tries again. 401: sync halts until you sign in; the outbox stays.',
      [
        toggle(503, '503 busy'),
        toggle(500, '500 fault'),
        toggle(401, '401 signed out'),
        answer === null ? null : button('Stop', () => make.answer(null, 0), false),
      ],
    ),
  ]
}

function server(state: AppState, make: Make): Child {
  const count = state.trouble?.backups.count ?? 0
  const newest = state.trouble?.backups.newest ?? []
  return [
    card(
      state,
      'restore',
      'Restore a backup',
      'Sets the team’s database back to where it was before the last N exchanges that changed it. The key on this device is then from a history that the server does not have: it rolls back to the newest checkpoint that both have, and what you wrote since is sent again.',
      [
        h(
          'form',
          {
            class: 'row',
            onsubmit: (event: SubmitEvent) => {
              event.preventDefault()
              const field = (event.target as HTMLFormElement).elements.namedItem('ago') as HTMLInputElement
              make.restore(Number(field.value))
            },
          },
          h('label', { for: 'ago', class: 'small' }, 'Exchanges ago'),
          h('input', { id: 'ago', name: 'ago', type: 'number', min: 1, max: Math.max(count, 1), required: true }),
          h('button', { class: 'button', type: 'submit', disabled: count === 0 }, 'Restore'),
        ),
        h(
          'p',
          {},
          count === 0
            ? 'There is no backup yet: write something first.'
            : `${plural(count, 'backup')}, the oldest of ${formatTime(newest.at(-1)?.atMs ?? 0)}, the newest of ${formatTime(newest[0]?.atMs ?? 0)}. Up to 1,000 are kept.`,
        ),
      ],
    ),
    card(
      state,
      'wipe',
      'Wipe the team’s database',
      'As if the disk were new. Your accepted writes come back from this device’s journal in one exchange; what others wrote is under Attention, to be restored with one button.',
      [button('Wipe it', () => make.wipe(), false, true)],
    ),
    card(
      state,
      'confirm',
      'Confirm a backup',
      'Tells the partner that everything so far is safe elsewhere. At the next exchange accepted writes become “durable” and leave the journal.',
      [button('Confirm', () => make.confirmBackup(), false)],
    ),
    card(
      state,
      'scribble',
      'Make many exchanges',
      'Logs visits on the chosen place one by one, each in an exchange of its own, so that there is a history to go back in.',
      [
        button('20 exchanges', () => make.scribble(20), false),
        button('200', () => make.scribble(200), false),
        button('1,000', () => make.scribble(1_000), false),
      ],
    ),
  ]
}

function account(state: AppState, on: On, make: Make): Child {
  const me = typeof state.person === 'object' ? state.person : null
  const isRevoked = me !== null && on?.revoked.includes(me.id) === true
  return [
    card(
      state,
      'expire',
      'Let the sign-in expire',
      'The server forgets your session. Sync halts at the next exchange and says so; the outbox waits, and is never sent as someone else.',
      [button('Expire it', () => make.expireSession(), false)],
    ),
    card(
      state,
      'revoke',
      'Take your access away',
      'Said twice by the server, in two runs, it is believed: the team’s records leave this device, your unsent words stay under Attention.',
      [button(isRevoked ? 'Give it back' : 'Take it away', () => make.revoke(!isRevoked), isRevoked)],
    ),
  ]
}

function device(state: AppState, make: Make): Child {
  return [
    card(
      state,
      'clone',
      'Clone this device',
      'Makes a copy of the team’s store, as a copied profile would. Open the link in a private window or another browser, and write in both: the second one that asks becomes a fork (case K3), nothing is lost, nothing doubled, nothing downloaded anew.',
      [button('Make a copy', () => make.clone(), false)],
    ),
    card(
      state,
      'kill',
      'Kill the worker',
      'Ends the thread that owns the database, in whatever it is doing. The app starts another one; half a page is never stored.',
      [button('Kill it', () => make.killWorker(), false)],
    ),
    card(
      state,
      'quota',
      'Fill the storage',
      'Writes junk until the browser says no, or up to 512 MB. To reach the end sooner, set a small quota in the developer tools (Application, Storage) first. A write that does not fit is refused at once with “quota-exceeded”; everything else goes on.',
      [button('Fill', () => make.fillQuota(), false), button('Release', () => make.releaseQuota(), false)],
    ),
  ]
}

function card(state: AppState, id: string, title: string, text: string, controls: readonly Child[]): VNode {
  const note = state.troubleNote?.id === id ? state.troubleNote.text : null
  return h(
    'div',
    { class: 'trouble-card', key: id, role: 'group', 'aria-label': title, 'data-testid': `trouble-${id}` },
    h('strong', {}, title),
    h('p', {}, text),
    h('div', { class: 'row' }, controls),
    h('div', { role: 'status' }, note === null ? null : noteView(note)),
  )
}

/** What happened; an address in it becomes a link. */
function noteView(note: string): VNode {
  const [before, address] = note.split('\n')
  return h(
    'p',
    { class: 'hint', 'data-tone': 'warn' },
    before,
    address === undefined ? null : h('a', { href: address, target: '_blank', rel: 'noopener' }, address),
  )
}

function button(text: string, act: () => void, isOn: boolean, isDanger: boolean = false): VNode {
  return h(
    'button',
    { class: isDanger ? 'button danger' : 'button', type: 'button', 'aria-pressed': isOn ? true : null, onclick: act },
    text,
  )
}
