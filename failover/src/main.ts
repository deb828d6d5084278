import { parseArgs } from 'node:util'
import { isGood, type RoundResult } from './result.ts'
import { runRounds } from './run-rounds.ts'
import { summarise } from './summary.ts'
import { VARIANTS } from './variants/index.ts'

const USAGE = `pnpm failover [--rounds 3] [--storage postgres|sqlite] [--variant ${Object.keys(VARIANTS).join('|')}]
              [--browser-every 3] [--on-disk] [--json]

Kills a primary while clients write, puts a standby that lagged (or an old backup) in its place, and compares everything at the end.
Rounds take the variants in turn; each third one (--browser-every) has its devices in Chromium, the others under Node.
PostgreSQL's clusters are in memory (/dev/shm) if there is room: --on-disk. Exit code 1: a promise was broken, a round lost nothing that could have been missed, or no device was
told that anything is durable.`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      storage: { type: 'string', default: 'postgres' },
      variant: { type: 'string' },
      'browser-every': { type: 'string', default: '3' },
      'on-disk': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const rounds = Number(values.rounds)
  const { storage, variant } = values
  if (!(rounds >= 1 && rounds <= 10_000)) throw new Error('--rounds must be a number from 1 to 10000')
  if (storage !== 'postgres' && storage !== 'sqlite') throw new Error('--storage must be postgres or sqlite')
  const variants = variant === undefined ? Object.keys(VARIANTS) : [variant]
  const onRound = (result: RoundResult): void => {
    if (!values.json) console.log(JSON.stringify(result))
  }
  const [browserEvery, onDisk] = [Number(values['browser-every']), values['on-disk']]
  const results = await runRounds({ rounds, storage, variants, browserEvery, onDisk, onRound })
  const byVariant = summarise(results)
  console.log(JSON.stringify(values.json ? { rounds: results, byVariant } : byVariant, null, 2))
  // In no round at all: then nothing was shown about what is called durable.
  const hasDurable = results.some(({ durable }) => durable > 0)
  if (!hasDurable) console.error('Nothing was called durable in any round.')
  return hasDurable && results.every(isGood) ? 0 : 1
}

process.exitCode = await main()
