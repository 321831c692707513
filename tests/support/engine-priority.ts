// The priority of the embedded engine in tests. The engine lowers its own so that services come
// first, but tests keep every core busy: then it would hardly run, and requests would time out.
import { readdir, writeFile } from 'node:fs/promises'
import { getPriority, setPriority } from 'node:os'
import { runningProcess, serviceFiles } from '../../infra/local/services/service-runner.ts'

/**
 * Gives the engine of a stack the priority of this process. Does nothing where that is not
 * permitted: without CAP_SYS_NICE, or on a system other than Linux.
 */
export async function raiseEngine(stateDir: string): Promise<void> {
  const engine = await runningProcess(serviceFiles(stateDir, 'analytics'))
  if (engine === undefined) return
  const { pid } = engine
  try {
    // Linux keeps a niceness per thread; new threads inherit it.
    for (const thread of await readdir(`/proc/${pid}/task`)) {
      setPriority(Number(thread), getPriority())
    }
    await writeFile(`/proc/${pid}/autogroup`, '0')
  } catch {
    // The tests run with the engine's own priority.
  }
}
