import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { runDifferential } from './run-differential.ts'
import { runPlantedDifferences } from './planted.ts'

const USAGE = `pnpm differential [--seconds 120] [--seed N] [--json]
pnpm differential --planted [--seconds 60] [--json]

Runs random histories on memory, SQLite and PostgreSQL (two processes that take drawn turns) with the same chance and clock: what they
answer must be equal byte for byte. The first difference is told with its seed and the few steps that are needed for it. Without --seed
it begins anywhere. --planted plants known faults in a copy of the sources, one at a time, and expects each to be found.`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    planted: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
if (values.help || !Number.isFinite(seconds) || !Number.isSafeInteger(seed)) {
  console.log(USAGE)
  process.exitCode = values.help ? 0 : 2
} else {
  process.exitCode = values.planted
    ? await runPlantedDifferences(seconds, values.json)
    : await runDifferential({ seconds, seed, asJson: values.json })
}
