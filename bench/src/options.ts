import { parseArgs } from 'node:util'
import { CONTESTANTS, type ContestantName, isContestant } from '../shared/contestants.ts'

/** Workloads that can be asked for by name; W8 and memory come along with W1. */
const WORKLOADS = ['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7'] as const

/** Name of a workload. */
export type Workload = (typeof WORKLOADS)[number]

/** What a run is to do. */
export interface Options {
  readonly isQuick: boolean
  readonly workloads: readonly Workload[]
  readonly contestants: readonly ContestantName[]
  readonly sessions: number
  readonly sizes: readonly number[]
  readonly isJson: boolean
  /** Look where the worker's time goes, in one session of web-sync; its times are not to be compared. */
  readonly isProfiled: boolean
  /** Write plots and the generated section of docs/performance.md. */
  readonly writesDocs: boolean
  /** No session is begun after so many; Infinity: no limit. */
  readonly minutes: number
}

/** Printed by `--help` and after a mistake. */
const USAGE = `pnpm bench [options]

  --quick              1,000 and 10,000 records, one session, the fast contestants: two or three minutes
  --only W1,W2         these workloads (${WORKLOADS.join(', ')}); W1 always runs, since it fills the store
  --contestants a,b    of ${Object.keys(CONTESTANTS).join(', ')}
  --sessions 5         for each contestant and size
  --sizes 1000,10000,100000,300000
  --minutes M          begin no session after so many minutes
  --profile            where the worker's time goes: one session of web-sync, not minified, its times not to be compared
  --json               the result with all raw samples on stdout
  --docs               write the plots and the measured section of docs/performance.md
`

const QUICK: readonly ContestantName[] = ['ours', 'rows', 'rows-index', 'packed', 'fetch', 'dexie', 'yjs']

/** Reads the command line; a text says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        contestants: { type: 'string' },
        sessions: { type: 'string' },
        sizes: { type: 'string' },
        minutes: { type: 'string' },
        json: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return USAGE
    if (values.profile && (values.docs || values.contestants !== undefined || values.sessions !== undefined)) {
      return `--profile looks at one session of web-sync, and writes no docs.\n\n${USAGE}`
    }
    const isShort = values.quick || values.profile
    return {
      isQuick: values.quick,
      workloads: readList(values.only, isWorkload, 'workload') ?? WORKLOADS,
      contestants:
        readList(values.contestants, isContestant, 'contestant') ??
        (values.profile ? ['ours'] : defaultContestants(values.quick)),
      sessions: readCount(values.sessions ?? (isShort ? '1' : '5'), '--sessions'),
      sizes: (values.sizes ?? defaultSizes(values.quick, values.profile))
        .split(',')
        .map((size) => readCount(size, '--sizes')),
      isJson: values.json,
      isProfiled: values.profile,
      writesDocs: values.docs,
      minutes: values.minutes === undefined ? Infinity : readCount(values.minutes, '--minutes'),
    }
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`
  }
}

function defaultContestants(isQuick: boolean): readonly ContestantName[] {
  return isQuick ? QUICK : (Object.keys(CONTESTANTS) as ContestantName[])
}

function defaultSizes(isQuick: boolean, isProfiled: boolean): string {
  if (isQuick) return '1000,10000'
  return isProfiled ? '100000' : '1000,10000,100000,300000'
}

function isWorkload(name: string): name is Workload {
  return WORKLOADS.some((workload) => workload === name)
}

function readList<Name extends string>(
  text: string | undefined,
  isKnown: (name: string) => name is Name,
  kind: string,
): readonly Name[] | undefined {
  return text?.split(',').map((name) => {
    if (!isKnown(name)) throw new Error(`There is no ${kind} ${name}.`)
    return name
  })
}

function readCount(text: string, option: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option} takes whole numbers from 1 on.`)
  return count
}
