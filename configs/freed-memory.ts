// The command (bin/winnow.js) asks the C library to give freed memory back to the system, for
// processes that swap models. Training takes the same memory in every step, and 4 to 5 % of a step
// would go into fetching it again, so it does without.

const variable = 'MALLOC_MMAP_THRESHOLD_'

/**
 * Replaces a process that trains by the same command without that setting, under the same process
 * id; then it does not return. Nothing happens where it is not set, nor on Windows, where Node
 * cannot do that.
 */
export function keepFreedMemory(argv: readonly string[]): void {
  const { [variable]: threshold, ...env } = process.env
  if (argv[0] !== 'train' || threshold === undefined || process.execve === undefined) return
  const { execPath, execArgv } = process
  process.execve(execPath, [execPath, ...execArgv, ...process.argv.slice(1)], env)
}
