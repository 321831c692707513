// Restarts training processes without the setting that returns freed memory to the system. The
// command (bin/winnow.js) sets it for processes that swap models. Training needs the same memory in
// every step, and would spend 4 to 5 % of each step on getting it back.

const variable = 'MALLOC_MMAP_THRESHOLD_'

/**
 * Replaces a training process with the same command without that setting, under the same process
 * id; then it does not return. Does nothing if the setting is absent, and on Windows, where Node
 * cannot do this.
 */
export function keepFreedMemory(argv: readonly string[]): void {
  const { [variable]: threshold, ...env } = process.env
  if (argv[0] !== 'train' || threshold === undefined || process.execve === undefined) return
  const { execPath, execArgv } = process
  process.execve(execPath, [execPath, ...execArgv, ...process.argv.slice(1)], env)
}
