import { parseOptions, USAGE } from './options.ts'
import { print } from './report.ts'
import { runLoad } from './run-load.ts'

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    console.log(USAGE)
    return 0
  }
  const report = await runLoad(options)
  if (options.asJson) console.log(JSON.stringify(report, null, 2))
  else print(report)
  return report.targets.every(({ isMet }) => isMet) ? 0 : 1
}

process.exitCode = await main()
