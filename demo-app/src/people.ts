/** Who can sign in. For the demo only: there are no passwords, and every visitor may be any of them. */

/** A person of the demo. */
export interface Person {
  /** The account. */
  readonly id: string
  readonly name: string
  readonly role: string
  /** The space that this person's team shares. */
  readonly team: string
  readonly teamName: string
}

/** The cast: two teams, so that one can see that a team's notes stay in the team. */
export const PEOPLE: readonly Person[] = [
  { id: 'ada', name: 'Ada', role: 'Botanist', team: 'team-7', teamName: 'Team 7' },
  { id: 'ben', name: 'Ben', role: 'Surveyor', team: 'team-7', teamName: 'Team 7' },
  { id: 'chidi', name: 'Chidi', role: 'Geologist', team: 'team-7', teamName: 'Team 7' },
  { id: 'dora', name: 'Dora', role: 'Ornithologist', team: 'team-8', teamName: 'Team 8' },
]

/** The person with this account, or undefined. */
export function findPerson(id: string): Person | undefined {
  return PEOPLE.find((person) => person.id === id)
}

/** Everyone's name by account; an unknown account is shown as it is. */
export function personName(id: string): string {
  return findPerson(id)?.name ?? id
}
