/** A failure to be told to the person at the terminal, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError'
}
