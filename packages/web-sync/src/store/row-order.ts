/**
 * Places in the log of one database. A row's order is (age of the database that it was written in, place in its log), as one number:
 * so what is carried over keeps its order, and stands before all that was written since, whenever it comes and whoever brings it.
 */
const PLACES = 2 ** 40

/** The first order of a database. `age`: which one it is of those that replaced each other, from 1. */
export function firstOrder(age: number): number {
  return (age - 1) * PLACES + 1
}

/** How many orders a database has given away, by the next one that it would give. */
export function countGiven(nextOrder: number): number {
  return (nextOrder - 1) % PLACES
}

/** Orders of a database: from the first to below the second. */
export function ordersOf(age: number): readonly [first: number, end: number] {
  return [firstOrder(age), firstOrder(age + 1)]
}

/** Which database an order is of. */
export function ageOf(order: number): number {
  return Math.floor((order - 1) / PLACES) + 1
}
