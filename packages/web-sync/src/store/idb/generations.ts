/** The name of a database that replaced another: `name`, `name.2`, `name.3` … */
export function nameGeneration(name: string, generation: number): string {
  return generation === 1 ? name : `${name}.${generation}`
}

/** The generations of a database that the browser has, oldest first. None if it does not list databases. */
export async function listGenerations(name: string): Promise<number[]> {
  try {
    const names = new Set((await indexedDB.databases()).map((info) => info.name ?? ''))
    const generations = [...names].map((other) => (other === name ? 1 : Number(split(other, name))))
    return generations.filter((generation) => generation >= 1).toSorted((a, b) => a - b)
  } catch {
    return []
  }
}

function split(other: string, name: string): string {
  return other.startsWith(`${name}.`) ? other.slice(name.length + 1) : ''
}
