import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { checkObject, type JsonObject } from 'web-sync-protocol'
import { createPartner } from '../index.ts'
import { CliError } from './cli-error.ts'
import { type CliOptions, integer, need } from './options.ts'
import { openStorage } from './open-storage.ts'
import { loadPartnerFile } from './partner-file.ts'

/** `web-sync-server import`: streams records into a space; interrupted, it keeps the batches that are done and can be run again. */
export async function importFile(options: CliOptions, path: string | undefined): Promise<void> {
  if (path === undefined) throw new CliError('Name a file with one JSON record for each line, or - for standard input.')
  const { schema, authenticate, authorize } = await loadPartnerFile(need(options, 'partner'))
  const storage = await openStorage(options)
  const partner = createPartner({ schema, storage, authenticate, authorize })
  const batch = integer(options.batch, 'batch', 2_000, 1, 20_000)
  const input = path === '-' ? process.stdin : createReadStream(path)
  const stop = (): void => void input.destroy()
  process.once('SIGINT', stop)
  try {
    const result = await partner.importRecords(
      need(options, 'space'),
      need(options, 'collection'),
      readRecords(input),
      {
        batch,
        onProgress: ({ records }) => process.stderr.write(`\r${records} records`),
      },
    )
    process.stderr.write('\n')
    console.log(`Imported ${result.records} records; ${result.unchanged} of them were there already.`)
  } finally {
    process.off('SIGINT', stop)
    await partner.close()
  }
}

async function* readRecords(input: Readable): AsyncGenerator<JsonObject> {
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1
    if (line.trim() !== '') yield parseRecord(line, number)
  }
}

function parseRecord(line: string, number: number): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new CliError(`Line ${number} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const checked = checkObject(value)
  if (!checked.ok) throw new CliError(`Line ${number}: the record ${checked.path} ${checked.message}.`)
  return checked.value
}
