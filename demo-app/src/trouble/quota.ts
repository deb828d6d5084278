/**
 * Fills the origin's storage with junk, and gives it free again: first the cache storage, in large pieces, then IndexedDB in small ones,
 * since a browser that has no room left for a cache may still let small database writes through.
 */

const CACHE = 'field-notes-junk'
const DATABASE = 'field-notes-junk'
const STORE = 'junk'
/** Never more than this: a development machine's disk is not ours to fill. */
const MAX_BYTES = 512 * 1_048_576
/** Largest and smallest pieces, in bytes. */
const CACHE_PIECES = { from: 8 * 1_048_576, to: 65_536 }
const DATABASE_PIECES = { from: 32_768, to: 512 }

/** Writes junk until there is no room left, or up to 512 MB; says how it ended. */
export async function fillQuota(
  onProgress: (bytes: number) => void,
): Promise<{ readonly bytes: number; readonly isFull: boolean }> {
  const cache = await caches.open(CACHE)
  let bytes = 0
  const tell = (written: number): void => {
    bytes += written
    onProgress(bytes)
  }
  await fill(
    CACHE_PIECES,
    () => bytes,
    tell,
    (size) => hasCacheRoomFor(cache, size),
  )
  if (bytes >= MAX_BYTES) return { bytes, isFull: false }
  const database = await openJunk()
  try {
    await fill(
      DATABASE_PIECES,
      () => bytes,
      tell,
      (size) => hasRoomFor(database, size),
    )
  } finally {
    database.close()
  }
  return { bytes, isFull: bytes < MAX_BYTES }
}

/** Writes pieces until even the smallest does not fit. */
async function fill(
  pieces: { readonly from: number; readonly to: number },
  written: () => number,
  tell: (written: number) => void,
  write: (size: number) => Promise<boolean>,
): Promise<void> {
  for (let size = pieces.from; size >= pieces.to && written() < MAX_BYTES;) {
    if (await write(size)) tell(size)
    else size = Math.floor(size / 2)
  }
}

/** Removes the junk. */
export async function releaseQuota(): Promise<void> {
  await caches.delete(CACHE)
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(DATABASE)
    request.addEventListener('success', () => resolve())
    request.addEventListener('error', () => reject(request.error ?? new Error('the junk cannot be removed')))
  })
}

async function hasCacheRoomFor(cache: Cache, size: number): Promise<boolean> {
  try {
    await cache.put(`/junk/${crypto.randomUUID()}`, new Response(randomBytes(size)))
    return true
  } catch {
    return false
  }
}

function openJunk(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE, { autoIncrement: true }))
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the junk cannot be written')))
  })
}

/** Writes so many bytes; false if the transaction was aborted for want of room. */
function hasRoomFor(database: IDBDatabase, size: number): Promise<boolean> {
  return new Promise((resolve) => {
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' })
    transaction.addEventListener('complete', () => resolve(true))
    transaction.addEventListener('abort', () => resolve(false))
    transaction.objectStore(STORE).add(randomBytes(size))
  })
}

/** Random, so that nothing can be squeezed. */
function randomBytes(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let offset = 0; offset < size; offset += 65_536) {
    crypto.getRandomValues(bytes.subarray(offset, Math.min(offset + 65_536, size)))
  }
  return bytes
}
