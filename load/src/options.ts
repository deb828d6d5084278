import { parseArgs } from 'node:util'

/** What a run is to do. */
export interface LoadOptions {
  readonly storage: 'sqlite' | 'postgres'
  readonly scenario: Scenario
  readonly clients: number
  /** Replicas of one space. */
  readonly members: number
  /** Of the measured time. */
  readonly seconds: number
  /** Seconds between two exchanges of one client. */
  readonly interval: number
  /** Of the exchanges, how many are preceded by writes: 0 to 1. */
  readonly pushShare: number
  /** Nudge streams that are held open. */
  readonly streams: number
  /** Seconds that the server keeps log and outcomes; null: the product's defaults. */
  readonly retention: number | null
  /** Folder for a CPU profile of the server; null: none. */
  readonly profile: string | null
  /** Limit of the server's old heap, MiB (`--max-old-space-size`); null: V8's own, gigabytes. */
  readonly heapMiB: number | null
  readonly asJson: boolean
}

/** `steady`: teams of ten. `herd`: the same, then an outage. `one-space`, `one-each`: the two ends. `ceiling`: more and more. */
type Scenario = (typeof SCENARIOS)[number]

const SCENARIOS = ['steady', 'herd', 'one-space', 'one-each', 'ceiling'] as const

/** What `--help` prints. */
export const USAGE = `pnpm load [--storage sqlite|postgres] [--scenario ${SCENARIOS.join('|')}]
          [--clients 10000] [--seconds 60] [--interval 30] [--members 10] [--push-share 0.1] [--streams CLIENTS]
          [--retention SECONDS] [--heap MIB] [--cpu-prof FOLDER] [--json]

Starts a server of its own on the loopback interface, and as many replicas as --clients says, which exchange once in --interval seconds
on the average, at random moments, whether the server keeps up or not. It ends by itself; exit code 1: a target was missed.`

const MAX_CLIENTS = 50_000
const MAX_SECONDS = 3_600
const MIN_HEAP_MIB = 64
const MAX_HEAP_MIB = 16_384
/** Pushes a second in a space that everybody is a member of: each becomes a change for everybody. */
const PUSHES_IN_ONE_SPACE = 1

/** Reads the command line. Throws if it makes no sense. */
export function parseOptions(args: readonly string[]): LoadOptions | null {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      storage: { ...text, default: 'sqlite' },
      scenario: { ...text, default: 'steady' },
      clients: { ...text, default: '10000' },
      seconds: { ...text, default: '60' },
      interval: { ...text, default: '30' },
      members: text,
      'push-share': text,
      streams: text,
      retention: text,
      heap: text,
      'cpu-prof': text,
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const clients = toNumber('clients', values.clients, 1, MAX_CLIENTS)
  const interval = toNumber('interval', values.interval, 0.01, 3_600)
  const scenario = oneOf('scenario', values.scenario, SCENARIOS)
  const rate = clients / interval
  return {
    storage: oneOf('storage', values.storage, ['sqlite', 'postgres'] as const),
    scenario,
    clients,
    interval,
    members: toNumber('members', values.members ?? String(defaultMembers(scenario, clients)), 1, MAX_CLIENTS),
    seconds: toNumber('seconds', values.seconds, 1, MAX_SECONDS),
    pushShare: toNumber(
      'push-share',
      values['push-share'] ?? String(scenario === 'one-space' ? PUSHES_IN_ONE_SPACE / rate : 0.1),
      0,
      1,
    ),
    streams: toNumber('streams', values.streams ?? String(clients), 0, clients),
    retention: values.retention === undefined ? null : toNumber('retention', values.retention, 1, MAX_SECONDS),
    profile: values['cpu-prof'] ?? null,
    heapMiB: values.heap === undefined ? null : toNumber('heap', values.heap, MIN_HEAP_MIB, MAX_HEAP_MIB),
    asJson: values.json,
  }
}

function defaultMembers(scenario: Scenario, clients: number): number {
  if (scenario === 'one-space') return clients
  return scenario === 'one-each' ? 1 : 10
}

function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new Error(`--${option} must be one of ${choices.join(', ')}, not «${text}»`)
  return found
}

function toNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (number >= min && number <= max) return number
  throw new Error(`--${option} must be a number from ${min} to ${max}, not «${text}»`)
}
