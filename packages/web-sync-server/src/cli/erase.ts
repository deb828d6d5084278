import { CliError } from './cli-error.ts'
import { openExistingStorage } from './open-storage.ts'
import type { CliOptions } from './options.ts'

/** `web-sync-server erase`: all that is kept about an account, or a whole space. */
export async function erase(options: CliOptions): Promise<void> {
  const { account, space } = options
  if ((account === undefined) === (space === undefined)) throw new CliError('Give --account or --space, one of them.')
  if (options.yes !== true) throw new CliError('What is erased is gone. Add --yes to do it.')
  const storage = await openExistingStorage(options)
  try {
    if (space !== undefined) {
      const wasThere = await storage.eraseSpace(space)
      console.log(wasThere ? `Space '${space}' is erased.` : `There is no space '${space}'.`)
    } else {
      const partnerships = await storage.eraseAccount(account as string)
      console.log(
        `Account '${account}' is erased: ${partnerships} partnerships. Records that it wrote stay in their spaces.`,
      )
    }
  } finally {
    await storage.close()
  }
}
