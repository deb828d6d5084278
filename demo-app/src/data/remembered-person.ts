import { type Person, findPerson } from '../people.ts'

const KEY = 'field-notes:person'

/** Who used this device last: offline nobody else can say. Only a name; what it may do is decided by the server. */
export function rememberedPerson(): Person | null {
  return findPerson(localStorage.getItem(KEY) ?? '') ?? null
}

/** Remembers who is using this device; null: nobody. */
export function rememberPerson(person: Person | null): void {
  if (person === null) localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, person.id)
}
